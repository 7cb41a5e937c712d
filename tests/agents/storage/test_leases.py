"""A lease is held by one process at a time, and is free once that process is gone."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agents.storage.places import storage_at
from toolyard_agents.errors import SessionBusy
from toolyard_agents.storage import leases
from toolyard_agents.storage.descriptor import StorageSpec
from toolyard_agents.storage.leases import is_held, leased
from toolyard_agents.storage.storage import Key, Scope, Storage

pytestmark = pytest.mark.anyio
KEY = Key(scope=Scope(tenant="acme"), kind="lease", id="it")
TAKE_AND_DIE = """
import asyncio, os, sys
from tests.agents.storage.test_leases import KEY
from toolyard_agents.storage.descriptor import StorageSpec
from toolyard_agents.storage.leases import leased
from toolyard_agents.storage.opening import open_storage

async def main():
    async with leased(open_storage(StorageSpec(kind="sqlite", path=sys.argv[1])), KEY, "it"):
        os._exit(0)

asyncio.run(main())
"""


async def left_behind(storage: Storage, path: Path) -> list[object]:
    """Who holds the lease, after a process took it and was killed."""
    subprocess.run([sys.executable, "-c", TAKE_AND_DIE, str(path)], check=True)
    record = await storage.get(KEY)
    assert record is not None
    holder: list[object] = json.loads(record.value)
    return holder


async def test_a_lease_is_held_by_one_and_free_afterwards() -> None:
    async with storage_at(StorageSpec()) as storage:
        async with leased(storage, KEY, "it"):
            assert await is_held(storage, KEY)
            with pytest.raises(SessionBusy, match="it is running in another process"):
                async with leased(storage, KEY, "it"):
                    pytest.fail("it was taken twice")
        assert not await is_held(storage, KEY)


async def test_a_lease_of_a_process_that_was_killed_is_free_at_once(tmp_path: Path) -> None:
    path = tmp_path / "toolyard.db"
    async with storage_at(StorageSpec(kind="sqlite", path=str(path))) as storage:
        await left_behind(storage, path)
        assert not await is_held(storage, KEY)
        async with leased(storage, KEY, "it"):
            assert await is_held(storage, KEY)


async def test_whether_a_process_of_another_machine_lives_is_not_told_by_its_id(tmp_path: Path) -> None:
    path = tmp_path / "toolyard.db"
    async with storage_at(StorageSpec(kind="sqlite", path=str(path))) as storage:
        _, *rest = await left_behind(storage, path)
        record = await storage.get(KEY)
        assert record is not None
        await storage.put(KEY, json.dumps(["another", *rest]), version=record.version)
        assert await is_held(storage, KEY)
        with pytest.raises(SessionBusy):
            async with leased(storage, KEY, "it"):
                pytest.fail("it was taken from a process that may run")


async def test_whoever_holds_a_lease_hears_that_it_was_taken_and_takes_one_again_that_nobody_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases, "RENEWED", 0.01)
    lost = asyncio.Event()
    other = json.dumps(["another machine", 1, "x"])
    async with storage_at(StorageSpec()) as storage, asyncio.timeout(10):
        async with leased(storage, KEY, "it", lambda reason: lost.set()):
            await storage.delete(KEY)  # as if it had ended while the storage was away
            while not await is_held(storage, KEY):  # noqa: ASYNC110 - nobody tells it
                await asyncio.sleep(0.01)
            assert not lost.is_set()
            held = await storage.get(KEY)
            assert held is not None
            await storage.put(KEY, other, version=held.version)  # nothing else runs between these two
            await lost.wait()
        still = await storage.get(KEY)
        assert still is not None
        assert still.value == other, "what another holds is not let go"

"""Every storage keeps the same promises: memory, SQLite and PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import anyio
import pytest
from sqlalchemy import select

from tests.agents.storage.places import KINDS, place, storage_at
from toolyard_agents.errors import StorageConflict, StorageError
from toolyard_agents.storage.descriptor import StorageSpec
from toolyard_agents.storage.opening import open_storage
from toolyard_agents.storage.sql import SqlStorage
from toolyard_agents.storage.storage import Key, Kind, Scope, Storage
from toolyard_agents.storage.tables import RECORDS
from toolyard_kernel.errors import ConfigError

pytestmark = pytest.mark.anyio

ACME, GLOBEX = Scope(tenant="acme:v1", owner="ann"), Scope(tenant="globex:v1", owner="ann")
ODD = "a/../b\0 ö \ud800 '\"\\n"


def key(id: str = "x", scope: Scope = ACME, kind: Kind = "plan") -> Key:
    return Key(scope=scope, kind=kind, id=id)


@pytest.fixture(params=KINDS)
def spec(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[StorageSpec]:
    with place(request.param, tmp_path) as found:
        yield found


@pytest.fixture
async def storage(spec: StorageSpec) -> AsyncGenerator[Storage]:
    async with storage_at(spec) as opened:
        yield opened


async def test_a_record_is_replaced_only_by_who_knows_its_version(storage: Storage) -> None:
    assert await storage.get(key()) is None
    first = await storage.put(key(), '{"n": 1}', version=0)
    assert first == await storage.get(key())
    assert (first.value, first.version) == ('{"n": 1}', 1)
    second = await storage.put(key(), "2", version=1)
    for version in (0, 1, 3):
        with pytest.raises(StorageConflict):
            await storage.put(key(), "other", version=version)
    assert await storage.get(key()) == second
    await storage.delete(key())
    await storage.delete(key())
    with pytest.raises(StorageConflict):
        await storage.put(key(), "3", version=2)
    assert await storage.get(key()) is None


async def test_scopes_and_kinds_see_nothing_of_each_other(storage: Storage) -> None:
    keys = [
        key(),
        key(scope=GLOBEX),
        key(scope=Scope(tenant="acme:v1")),
        key(scope=Scope(tenant="acme:v1", owner="bob")),
        key(kind="reference"),
        key("y"),
    ]
    for number, one in enumerate(keys):
        await storage.put(one, str(number), version=0)
    for number, one in enumerate(keys):
        found = await storage.get(one)
        assert found is not None
        assert found.value == str(number)
    assert [record.value for record in await storage.records(ACME, "plan")] == ["0", "5"]
    await storage.delete(keys[0])
    assert [record.value for record in await storage.records(ACME, "plan")] == ["5"]
    assert [record.value for record in await storage.records(GLOBEX, "plan")] == ["1"]


async def test_an_id_may_be_any_text(storage: Storage) -> None:
    odd = key(ODD, Scope(tenant=ODD, owner=ODD))
    await storage.put(odd, "1", version=0)
    await storage.append(odd, ["1"], after=0)
    (record,) = await storage.records(odd.scope, "plan")
    assert (record.key, await storage.lines(odd)) == (odd, ["1"])


async def test_what_is_over_is_not_there(storage: Storage) -> None:
    past, future = time.time() - 1, time.time() + 60
    await storage.put(key("old"), "1", version=0, expires=past)
    await storage.put(key("new"), "1", version=0, expires=future)
    assert await storage.get(key("old")) is None
    assert [record.key.id for record in await storage.records(ACME, "plan")] == ["new"]
    with pytest.raises(StorageConflict):
        await storage.put(key("old"), "2", version=1)
    again = await storage.put(key("old"), "2", version=0, expires=future)
    assert (again.version, await storage.get(key("old"))) == (1, again)


async def test_what_is_over_is_forgotten_when_something_new_comes(storage: Storage) -> None:
    for number in range(3):
        await storage.put(key(f"old{number}"), "1", version=0, expires=time.time() - 1)
    await storage.put(key("new"), "1", version=0)
    if isinstance(storage, SqlStorage):
        rows = await storage._in_transaction(lambda connection: list(connection.execute(select(RECORDS.c.id))))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        assert [row.id for row in rows] == ["new"]


async def test_a_stream_grows_only_behind_its_last_line(storage: Storage) -> None:
    assert (await storage.lines(key()), await storage.length(key())) == ([], 0)
    await storage.append(key(), ["a", "b"], after=0)
    await storage.append(key(), ["c"], after=2)
    for after in (0, 2, 4):
        with pytest.raises(StorageConflict):
            await storage.append(key(), ["x", "y"], after=after)
    assert (await storage.lines(key()), await storage.length(key())) == (["a", "b", "c"], 3)
    assert await storage.lines(key(), after=1, limit=1) == ["b"]
    assert await storage.lines(key(scope=GLOBEX)) == []
    await storage.delete(key())
    assert await storage.lines(key()) == []


async def test_one_of_many_at_once_wins(storage: Storage) -> None:
    won: list[int] = []

    async def attempt(number: int) -> None:
        try:
            await storage.append(key(), [str(number)], after=0)
            await storage.put(key(), str(number), version=0)
        except StorageConflict:
            return
        won.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(attempt, number)
    assert len(won) == 1
    assert await storage.lines(key()) == [str(won[0])]


async def test_processes_share_it(spec: StorageSpec, tmp_path: Path) -> None:
    if spec.kind == "memory":
        pytest.skip("memory is of one process")
    code = """
import sys
from toolyard_agents.storage.descriptor import StorageSpec
from toolyard_agents.storage.opening import open_storage
from toolyard_agents.storage.storage import Key, Scope
from toolyard_agents.errors import StorageConflict
import anyio
async def main():
    storage = open_storage(StorageSpec.model_validate_json(sys.argv[1]))
    key = Key(scope=Scope(tenant="acme:v1", owner="ann"), kind="event", id="x")
    done = 0
    while done < 20:
        have = len(await storage.lines(key))
        try:
            await storage.append(key, [sys.argv[2]], after=have)
            done += 1
        except StorageConflict:
            pass
    await storage.aclose()
anyio.run(main)
"""
    commands = [[sys.executable, "-c", code, spec.model_dump_json(), name] for name in "abc"]
    processes = [subprocess.Popen(command, env=dict(os.environ), cwd=tmp_path) for command in commands]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    async with storage_at(spec) as storage:
        lines = await storage.lines(key(kind="event"))
    assert sorted(lines) == sorted("abc" * 20)


async def test_an_sqlite_file_is_private_and_one_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a/b.db"
    async with storage_at(StorageSpec(kind="sqlite", path=str(path))) as storage:
        await storage.put(key(), "1", version=0)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("no database at all, but a text that is long enough to be looked at" * 20)
    async with storage_at(StorageSpec(kind="sqlite", path=str(path))) as storage:
        with pytest.raises(StorageError, match=r"b\.db"):
            await storage.get(key())


@pytest.mark.parametrize("bad", ["mysql://x", "", {"kind": "sqlite"}, {"kind": "memory", "path": "x"}, {"kinds": "x"}])
def test_a_storage_that_is_none_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match=r"storage|kinds"):
        StorageSpec.model_validate(bad)


def test_a_password_has_no_place_in_a_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("postgresql://me:secret@localhost/x", "postgresql://localhost/x?user=me&password=secret"):
        with pytest.raises(ValueError, match="environment variable"):
            StorageSpec.model_validate(url)
    assert StorageSpec.model_validate("postgresql://me@localhost:5432/x?sslmode=require").kind == "postgresql"
    named = StorageSpec(kind="postgresql", url_env="NO_SUCH_DATABASE")
    with pytest.raises(ConfigError, match="NO_SUCH_DATABASE"):
        open_storage(named)
    monkeypatch.setenv("NO_SUCH_DATABASE", "no address")
    with pytest.raises(ConfigError, match="postgresql://"):
        open_storage(named)


def test_a_storage_is_named_in_one_line() -> None:
    assert StorageSpec.model_validate("sqlite:/a/b.db").path == "/a/b.db"
    assert StorageSpec.model_validate("sqlite:///a/b.db").path == "/a/b.db"
    assert StorageSpec.model_validate("memory") == StorageSpec()

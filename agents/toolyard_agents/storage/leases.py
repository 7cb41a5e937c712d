"""A key that one process holds at a time, until it lets go or is gone."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from toolyard_agents.errors import SessionBusy, StorageConflict, StorageError
from toolyard_agents.storage.storage import Key, Record, Storage
from toolyard_agents.to_its_end import to_its_end

LASTS = 30.0
"""Seconds after which a lease that nobody renews is free."""
RENEWED = 10.0

log = logging.getLogger("toolyard")


@asynccontextmanager
async def leased(
    storage: Storage, key: Key, what: str, lost: Callable[[str], None] | None = None
) -> AsyncGenerator[None]:
    """Hold the key. `lost` is told why, when another process took it over because this one seemed to be gone.

    Raises:
        SessionBusy: another process holds it; `what` says of what.
        StorageError: the storage cannot be used.
    """
    holder = _holder()
    try:
        record = await _taken(storage, key, what, holder)
        keeping = asyncio.create_task(_keep(storage, record, lost), name=f"toolyard-lease-{key.id}")
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
    finally:  # also when it was cancelled while it was taken
        await to_its_end(_let_go(storage, key, holder))


async def is_held(storage: Storage, key: Key) -> bool:
    """Whether a process that still runs holds the key.

    Raises:
        StorageError: the storage cannot be used.
    """
    held = await storage.get(key)
    return held is not None and _lives(held.value)


async def _taken(storage: Storage, key: Key, what: str, holder: str) -> Record:
    held = await storage.get(key)
    if held is not None and _lives(held.value):
        raise SessionBusy(f"{what} is running in another process; wait for it, or end it there")
    try:
        return await storage.put(key, holder, version=held.version if held else 0, expires=time.time() + LASTS)
    except StorageConflict as conflict:
        raise SessionBusy(f"{what} was begun in another process in the same moment; try again") from conflict


async def _keep(storage: Storage, record: Record, lost: Callable[[str], None] | None) -> None:
    while True:
        await asyncio.sleep(RENEWED)
        try:
            record = await _renewed(storage, record)
        except StorageConflict:
            reason = f"{record.key.kind} {record.key.id!r} was taken over by another process"
            log.error(reason)  # noqa: TRY400 - the message says it all
            if lost is not None:
                lost(reason)
            return
        except StorageError:
            log.exception("%s %r could not be renewed", record.key.kind, record.key.id)


async def _renewed(storage: Storage, record: Record) -> Record:
    """The lease for another while; one that ended, and that nobody took, is taken again."""
    held = await storage.get(record.key)
    if held is not None and held.value != record.value:
        raise StorageConflict("another process has it")
    version = held.version if held else 0
    return await storage.put(record.key, record.value, version=version, expires=time.time() + LASTS)


async def _let_go(storage: Storage, key: Key, holder: str) -> None:
    try:
        held = await storage.get(key)
        if held is not None and held.value == holder:
            await storage.delete(key)
    except StorageError:
        log.exception("%s %r could not be let go; it is free in %g s", key.kind, key.id, LASTS)


def _holder() -> str:
    return json.dumps([_machine(), os.getpid(), secrets.token_hex(4)])


def _lives(holder: str) -> bool:
    """Whether the process may still run: of one on another machine only the lease's end tells."""
    machine, pid, _ = json.loads(holder)
    if machine != _machine():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@cache
def _machine() -> str:
    """Within what a process id means one process. No host name tells it: containers can share one, and have ids of
    their own."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:  # not Linux
        return socket.gethostname()

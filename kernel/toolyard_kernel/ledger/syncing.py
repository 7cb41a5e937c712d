"""Having records on the disk, not only with the operating system, without stopping the event loop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

from toolyard_kernel.errors import LedgerError

PATIENCE = 10.0
"""Seconds a disk has."""

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True)
class Synced:
    """Await it to know that a record is on the disk; nobody has to."""

    request: Future[None]

    def __await__(self) -> Generator[Any, None, None]:
        return _synced(self.request).__await__()


class Syncing:
    """`fsync` on a thread of its own; calls that wait at the same time share one."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="toolyard-ledger")
        self._lock = Lock()
        self._next: Future[None] | None = None

    def request(self, descriptor: int) -> Synced:
        """What was written to `descriptor` before is on the disk once this is done."""
        with self._lock:
            if self._next is None:
                self._next = self._thread.submit(self._sync, descriptor)
            return Synced(self._next)

    def retire(self, descriptor: int) -> None:
        """Sync and close a file that gets no more records."""
        with self._lock:
            self._next = None  # the next request is about another file
            self._thread.submit(_sync_and_close, descriptor)

    def close(self) -> None:
        """Wait until all that was requested is done."""
        self._thread.shutdown()

    def _sync(self, descriptor: int) -> None:
        with self._lock:
            self._next = None  # who writes from here on needs another one
        _sync(descriptor)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        log.error("the ledger could not be synced: %s", error.strerror)  # noqa: TRY400 - the message says it all
        raise


def _sync_and_close(descriptor: int) -> None:
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


async def _synced(request: Future[None]) -> None:
    """Wait for it.

    Raises:
        LedgerError: the disk failed, or did not answer in time.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(asyncio.wrap_future(request))  # others wait for it too
    except OSError as error:  # a TimeoutError is one
        why = error.strerror or f"it took longer than {PATIENCE:g}s"
        raise LedgerError(f"a record could not be synced to the disk: {why}") from error

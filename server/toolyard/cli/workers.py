"""Several processes that serve one address, and the one that keeps them going."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import anyio

from toolyard.cli.pauses import Pauses
from toolyard.errors import StartError

START = 60.0
"""Seconds that a worker has until it serves."""
FAREWELL = 5.0
"""Seconds that a worker has to end beyond its drain; then it is killed."""

log = logging.getLogger("toolyard")


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """Runs `count` workers, each of which accepts at `door`, and replaces one that ends; the others go on meanwhile.

    `command` is what a worker runs. It has the door as the descriptor of the same number, says in one line on stdout
    what it serves once it does, and ends when its stdin ends, as it does when the supervisor is killed.
    """

    command: Sequence[str]
    door: socket.socket
    count: int
    drain: float
    workers: set[Process] = field(default_factory=set[Process])

    async def run(self, asked: asyncio.Event, on_ready: Callable[[str], None]) -> None:
        """Serve until `asked` for an end, and then until every worker has ended.

        Raises:
            StartError: no worker is left, and one ended before it served; it has said why.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        serving = asyncio.create_task(self._serve(on_ready), name="toolyard-workers")
        ending = asyncio.create_task(asked.wait(), name="toolyard-ending")
        try:
            await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            await _left(serving, ending)
            self.door.close()  # who comes now is refused, and not kept waiting
            await self._end(signal.SIGTERM, self.drain + FAREWELL)
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            with anyio.CancelScope(shield=True):
                await _left(serving, ending)
                await self._end(signal.SIGINT, FAREWELL)
                await self._end(signal.SIGKILL, FAREWELL)

    async def _serve(self, on_ready: Callable[[str], None]) -> None:
        try:
            first, summary = await self._started()  # alone, so that what is wrong is said once
            async with asyncio.TaskGroup() as starts:
                others = [starts.create_task(self._started()) for _ in range(self.count - 1)]
            on_ready(summary)
            async with asyncio.TaskGroup() as keepers:
                for worker in (first, *(other.result()[0] for other in others)):
                    keepers.create_task(self._keep(worker))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _keep(self, worker: Process) -> None:
        now, pauses = asyncio.get_running_loop().time, Pauses()
        while True:
            began = now()
            code = await worker.wait()
            self.workers.discard(worker)
            pause = pauses.after(now() - began)
            log.warning("worker %d ended (%s) and is replaced in %gs", worker.pid, _told(code), pause)
            worker = await self._replacement(pause, pauses)

    async def _replacement(self, pause: float, pauses: Pauses) -> Process:
        """The next worker in the same place, as soon as one serves."""
        while True:
            await asyncio.sleep(pause)
            try:
                worker, _ = await self._started()
            except StartError as error:
                if not self.workers:
                    raise
                pause = pauses.after(0)
                log.warning("%s: the others go on, and it is tried again in %gs", error, pause)
            else:
                return worker

    async def _started(self) -> tuple[Process, str]:
        """A worker that serves, and what it says of that."""
        try:
            worker = await asyncio.create_subprocess_exec(
                *self.command, stdin=PIPE, stdout=PIPE, pass_fds=(self.door.fileno(),), start_new_session=True
            )
        except OSError as error:
            raise StartError(f"no process could be made for a worker: {error.strerror}") from error
        self.workers.add(worker)
        said = cast("asyncio.StreamReader", worker.stdout)
        try:
            async with asyncio.timeout(START):
                line = await said.readline()
                if line:
                    return worker, line.decode().strip()
                code = await worker.wait()
        except TimeoutError:
            worker.kill()
            await worker.wait()
            self.workers.discard(worker)
            raise StartError(f"a worker did not serve within {START:g}s") from None
        self.workers.discard(worker)
        raise StartError(f"a worker ended before it served ({_told(code)})")

    def _hang_up(self) -> None:
        self._signal(signal.SIGHUP)

    def _signal(self, how: signal.Signals) -> None:
        for worker in self.workers:
            with suppress(ProcessLookupError):  # it has just ended
                worker.send_signal(how)

    async def _end(self, how: signal.Signals, seconds: float) -> None:
        """Send a signal to every worker that is left, and wait for them to end."""
        if not self.workers:
            return
        if how == signal.SIGKILL:
            log.warning("%d workers did not end and are killed", len(self.workers))
        ends = {asyncio.ensure_future(worker.wait()): worker for worker in self.workers}
        self._signal(how)
        ended, _ = await asyncio.wait(ends, timeout=seconds)
        self.workers -= {ends[each] for each in ended}


def worker_command(arguments: Sequence[str], door: socket.socket) -> list[str]:
    """What runs a worker of the command line `arguments`; -P, since no module of the current folder is meant."""
    return [sys.executable, "-P", "-m", "toolyard", *arguments, "--worker", str(door.fileno())]


async def _left(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _told(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"

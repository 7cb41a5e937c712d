"""Running a program to its end: reading what it writes, and stopping it when it must stop."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import anyio
from anyio.abc import ByteReceiveStream, Process

from toolyard_kernel.backends import Captured, Command
from toolyard_toolkits.backends.capture import Capture

MOST_WRITTEN = 64 * 2**20
"""Bytes that a command may write, kept or not; then it is stopped."""
MOST_PROCESSES = 256

LOOK = 0.05
"""Seconds between two counts of the processes: a fork bomb makes thousands in a second."""
PATIENCE = 0.4
"""Seconds that a program has to end when it was told to, and its streams to end after it."""
CHUNK = 2**16

Stopped = Literal["timeout", "output", "processes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A program that runs a command. `stop` ends it with all that it started, `kill` whatever `stop` did not end.

    `processes` tells how many there are, unless the program counts them itself.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    descriptors: Sequence[int]
    stop: Callable[[Process], None]
    kill: Callable[[Process], None]
    stdin: int = subprocess.DEVNULL
    processes: Callable[[Process], int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended; `returncode` is its own, not that of the command it ran."""

    returncode: int
    duration: float
    output: Captured
    errors: Captured
    stopped: Stopped | None


async def execute(launch: Launch, command: Command) -> Ended:
    """Start it, and be back when it has ended: by the command's deadline, or when it has been killed right after.

    Raises:
        OSError, ValueError: it cannot be started.
    """
    began = time.monotonic()
    process = await _opened(launch, command)
    running = _Running(process, launch, command)
    try:
        await running.to_its_end()
    finally:
        with anyio.CancelScope(shield=True):
            await running.close()
    return Ended(
        returncode=-9 if process.returncode is None else process.returncode,
        duration=time.monotonic() - began,
        output=running.output.captured(),
        errors=running.errors.captured(),
        stopped=running.stopped,
    )


async def _opened(launch: Launch, command: Command) -> Process:
    with anyio.CancelScope(shield=True):  # a program that was started and forgotten would run on
        return await anyio.open_process(
            launch.argv,
            stdin=launch.stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if command.merged else subprocess.PIPE,
            cwd=launch.folder,
            env=launch.environment,
            start_new_session=True,
            pass_fds=launch.descriptors,
        )
    raise AssertionError("a shielded scope is never cancelled")


class _Running:
    """A program that runs."""

    def __init__(self, process: Process, launch: Launch, command: Command) -> None:
        self.process = process
        self.output, self.errors = Capture(command.output_bytes), Capture(command.output_bytes)
        self.stopped: Stopped | None = None
        self._launch = launch
        self._timeout = command.timeout

    async def to_its_end(self) -> None:
        async with anyio.create_task_group() as watchers:
            watchers.start_soon(self._watch_the_clock)
            watchers.start_soon(self._watch_the_processes)
            async with anyio.create_task_group() as readers:
                readers.start_soon(self._read, self.process.stdout, self.output)
                readers.start_soon(self._read, self.process.stderr, self.errors)
                await self.process.wait()
                readers.cancel_scope.deadline = anyio.current_time() + PATIENCE
            watchers.cancel_scope.cancel()

    async def close(self) -> None:
        for end in (self._launch.stop, self._launch.kill):
            if self.process.returncode is None:
                end(self.process)
                with anyio.move_on_after(PATIENCE):
                    await self.process.wait()
        await self.process.aclose()

    async def _read(self, stream: ByteReceiveStream | None, capture: Capture) -> None:
        try:
            while stream:
                capture.add(await stream.receive(CHUNK))
                if self.output.total + self.errors.total > MOST_WRITTEN:
                    self._stop("output")
        except anyio.EndOfStream:
            return

    async def _watch_the_clock(self) -> None:
        await anyio.sleep(self._timeout)
        self._stop("timeout")
        await anyio.sleep(PATIENCE)
        self._launch.kill(self.process)

    async def _watch_the_processes(self) -> None:
        while self._launch.processes:
            await anyio.sleep(LOOK)
            if self._launch.processes(self.process) > MOST_PROCESSES:
                self._stop("processes")

    def _stop(self, why: Stopped) -> None:
        if not self.stopped:
            self.stopped = why
            self._launch.stop(self.process)

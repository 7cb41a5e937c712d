"""Commands of this machine, each under a supervisor of its own."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from anyio.abc import Process

from toolyard_kernel.backends import Command, Completed
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends.execution import MOST_PROCESSES, Ended, Launch, Stopped, execute
from toolyard_toolkits.backends.refusals import root_gone
from toolyard_toolkits.backends.status import Status, status_pipe

SUPERVISOR = Path(__file__).with_name("supervise.py")

_ENDINGS = {"exit", "error", "stopped", "processes"}
_NO_SUCH_PROGRAM = (errno.ENOENT, errno.ENOTDIR, errno.EACCES)


async def run_supervised(command: Command) -> Completed:
    """Run it as the server's own user, and leave nothing of it behind.

    Raises:
        ToolError: it cannot be started.
    """
    try:
        with status_pipe() as status, _owner() as owner:
            ended = await execute(_launch(command, status, owner), command)
            told = _told(status)
            if "pid" in told and not told.keys() & _ENDINGS:
                _kill_group(told)  # the supervisor itself was killed, and could end nobody
            return _completed(command, ended, told)
    except FileNotFoundError as error:
        raise root_gone() from error
    except (OSError, ValueError) as error:
        raise not_started(error) from error


def not_started(error: OSError | ValueError) -> ToolError:
    """Why a command could not be started, without the host's own names."""
    if isinstance(error, OSError):
        return ToolError(f"the command cannot be started: {os.strerror(error.errno or 0)}")
    return ToolError("the command cannot be started: it holds a NUL character, or half a character; leave it out")


class _Owner:
    """Says for how long somebody wants the command: until it is let go, or this process ends."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()

    def let_go(self) -> None:
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1


@contextmanager
def _owner() -> Generator[_Owner]:
    owner = _Owner()
    try:
        yield owner
    finally:
        owner.let_go()
        os.close(owner.reader)


def _launch(command: Command, status: Status, owner: _Owner) -> Launch:
    def kill(process: Process) -> None:
        process.kill()

    python = (sys.executable, "-I", "-S", "-B", os.fspath(SUPERVISOR))
    return Launch(
        argv=(*python, str(MOST_PROCESSES), str(status.writer), *command.argv),
        environment=command.environment,
        folder=command.folder,
        descriptors=(status.writer,),
        stdin=owner.reader,
        stop=lambda process: owner.let_go(),
        kill=kill,
    )


def _kill_group(told: dict[str, int]) -> None:
    with suppress(OSError):
        os.killpg(told["pid"], signal.SIGKILL)


def _told(status: Status) -> dict[str, int]:
    """What the supervisor wrote: `pid` of the command, and one of `exit` with its code, `error` with its number,
    `stopped` and `processes`."""
    words = (line.split() for line in status.read().decode().splitlines())
    return {word[0]: int(word[1]) if word[1:] else 0 for word in words if word}


def _completed(command: Command, ended: Ended, told: dict[str, int]) -> Completed:
    if "error" in told:
        raise _not_executed(command, told["error"])
    stopped: Stopped | None = "processes" if "processes" in told else ended.stopped
    return Completed(
        exit_code=told.get("exit", -signal.SIGKILL),
        duration=ended.duration,
        output=ended.output,
        errors=ended.errors,
        stopped=stopped if "exit" not in told else None,
    )


def _not_executed(command: Command, number: int) -> ToolError:
    if number in _NO_SUCH_PROGRAM:
        return ToolError(f"there is no program {command.argv[0]!r} that can be run here; install it, or use another")
    return ToolError(f"{command.argv[0]!r} cannot be run: {os.strerror(number)}")

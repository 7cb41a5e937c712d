"""Runs one command, and leaves nothing of it behind: `python -I -S -B supervise.py LIMIT STATUS ARGV…`.

Whatever the command starts becomes a descendant of this process, also when it calls setsid, forks twice or clears its
environment. It is killed when the command ends, when stdin is closed (to tell to stop, and also by the owner's death),
and when there are more than LIMIT processes. The descriptor STATUS is told how it went, as lines.

Every command waits for this file to start, so it imports little of the standard library, and nothing else.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Generator

LOOK = 0.05
"""Seconds between two counts of the processes."""
PATIENCE = 3.0
"""Seconds until processes that cannot be killed, such as those of another user, are left alone."""

_SIG_DFL, _SIGKILL, _SIGPIPE, _SIGXFSZ = 0, 9, 13, 25
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36


def supervise(argv: list[str], *, limit: int, status: int) -> None:
    """Run the command to its end, or until it has to end, and write to `status` what became of it."""
    owner = os.getppid()
    os.set_inheritable(status, False)
    _prctl(_SET_CHILD_SUBREAPER, 1)
    command = _spawned(argv, status)
    os.write(status, f"pid {command}\n".encode())
    try:
        os.write(status, f"{_watch(command, owner, limit)}\n".encode())
    finally:
        _end_all(command)


def descendants(pid: int, most: int | None = None) -> list[int]:
    """The processes below `pid`, on Linux; while they come and go, some may be missing. Stops looking beyond `most`."""
    found: list[int] = []
    left = [pid]
    while left and (most is None or len(found) <= most):
        children = list(_children(left.pop()))
        found += children
        left += children
    return found


def _children(pid: int) -> Generator[int]:
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - see below
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as children:  # noqa: PTH123 - pathlib takes 10 ms
                yield from map(int, children.read().split())
    except OSError:  # it has ended
        return


def _spawned(argv: list[str], status: int) -> int:
    owner = os.getpid()
    if child := os.fork():
        return child
    try:
        os.setsid()
        _prctl(_SET_PDEATHSIG, _SIGKILL)
        if os.getppid() == owner:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            _libc("signal", _SIGPIPE, _SIG_DFL)  # Python ignores both, and what is ignored stays so
            _libc("signal", _SIGXFSZ, _SIG_DFL)
            os.execvp(argv[0], argv)  # noqa: S606 - it is what the caller wants
    except OSError as error:
        os.write(status, f"error {error.errno}\n".encode())
    finally:
        os._exit(127)


def _watch(command: int, owner: int, limit: int) -> str:
    """How it ended: `exit CODE`, `stopped` for an owner who wants no more, or `processes`."""
    poll = select.poll()
    poll.register(0, 0)  # a hang-up is reported without being asked for
    if sys.platform == "linux":
        poll.register(os.pidfd_open(command), select.POLLIN)
    while True:
        events = dict(poll.poll(LOOK * 1000 if sys.platform == "linux" else 10))
        if (code := _reaped(command)) is not None:
            return f"exit {code}"
        if 0 in events or os.getppid() != owner:
            return "stopped"
        if len(descendants(os.getpid(), limit)) > limit:
            return "processes"


def _reaped(command: int) -> int | None:
    """The command's exit code, when it has ended; others that ended on the way are forgotten."""
    code = None
    try:
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            if ended[0] == command:
                code = os.waitstatus_to_exitcode(ended[1])
    except ChildProcessError:
        pass
    return code


def _end_all(command: int) -> None:
    """Kill until nobody is left: what was made too late to be killed in one round is in the next."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for pid in (-command, *descendants(os.getpid())):
            _kill(pid)
        _reaped(command)
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        time.sleep(0.001)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, _SIGKILL)
    except OSError:  # it has ended, or it is another user's
        return


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        _libc("prctl", option, value, 0, 0, 0)


def _libc(name: str, *arguments: int) -> None:
    """The modules `ctypes` and `signal` take 6 ms each to import, and all to make these calls."""
    import _ctypes  # noqa: PLC0415 - `descendants` is also used where nothing is supervised

    function = _ctypes.dlsym(_ctypes.dlopen(None, 0), name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    _ctypes.call_function(function, arguments)


if __name__ == "__main__":
    supervise(sys.argv[3:], limit=int(sys.argv[1]), status=int(sys.argv[2]))
    os._exit(0)  # taking the interpreter down takes 3 ms

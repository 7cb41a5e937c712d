"""A server's process: on a core of its own, with what it has used and holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
"""Seconds that a server has to do whatever is waited for."""


class BenchmarkError(Exception):
    """A server did not do what it was asked to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Where servers run, and where the client does: on one core each, where there are two."""

    server: frozenset[int]
    client: frozenset[int]

    @property
    def apart(self) -> bool:
        return not self.server & self.client


def cores() -> Cores:
    mine = sorted(os.sched_getaffinity(0))
    return Cores(server=frozenset(mine[:1]), client=frozenset(mine[1:2] or mine))


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A process that was started here."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def cpu(self) -> int:
        """Nanoseconds of CPU that all its threads used, ended ones too."""
        # The kernel's clock of another process: `clock_getcpuclockid` computes the same number.
        return time.clock_gettime_ns((~self.process.pid << 3) | 2)

    def memory(self) -> int:
        """Bytes that are resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours with `more`. A server may keep its bytecode, as an installed one has it: what is measured is no compiler."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, **more}


@contextmanager
def started(
    command: Sequence[str], *, log: Path, cpus: frozenset[int], env: Mapping[str, str], piped: bool
) -> Generator[Server]:
    """The process until the end of the block, with its stdin and stdout as pipes or all it says in `log`."""
    before = os.sched_getaffinity(0)
    pipe = subprocess.PIPE
    with log.open("wb") as said:
        os.sched_setaffinity(0, cpus)  # a child inherits it before its first instruction
        try:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=_environment(env),
                stdin=pipe if piped else subprocess.DEVNULL,
                stdout=pipe if piped else said,
                stderr=said,
                bufsize=0,
            )
        finally:
            os.sched_setaffinity(0, before)
    try:
        yield Server(process=process, log=log)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    else:
        process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def require_linux() -> None:
    if sys.platform != "linux":
        sys.exit("this benchmark reads the CPU time and memory of servers from Linux; it does not run elsewhere")


def end_with_servers() -> None:
    """Have SIGTERM end this program as an exit does, which ends the servers that it started."""
    signal.signal(signal.SIGTERM, _exit)


def _exit(*_: object) -> None:
    sys.exit("it was stopped")

"""A command on a terminal of its own, with somebody who types."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading

from tests.server.yards import DEADLINE, TOOLYARD, Ran, Yard

TAKE_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def run_on_terminal(yard: Yard, *arguments: str, typed: bytes, after: str = "[y/N] ") -> Ran:
    """Run a command, type when it has shown `after`, and wait for its end; `err` is all that the terminal showed."""
    near, far = pty.openpty()
    command = [sys.executable, "-c", TAKE_TERMINAL, *TOOLYARD, *arguments]
    with subprocess.Popen(
        command, cwd=yard.root, env=yard.env, stdin=far, stdout=subprocess.PIPE, stderr=far
    ) as process:
        os.close(far)
        watchdog = threading.Timer(DEADLINE, process.kill)
        watchdog.start()
        try:
            shown = _shown_until(near, after)
            os.write(near, typed)
            assert process.stdout
            out = process.stdout.read()
            shown += _shown_until(near, None)
            return Ran(code=process.wait(), out=out.decode(), err=shown)
        finally:
            watchdog.cancel()
            process.kill()
            os.close(near)


def _shown_until(terminal: int, text: str | None) -> str:
    """What the terminal shows, up to a text or to the end."""
    shown = b""
    while text is None or text.encode() not in shown:
        try:
            received = os.read(terminal, 4096)
        except OSError:  # how Linux says that nobody holds the other end any more
            received = b""
        if not received:
            assert text is None, shown.decode()
            break
        shown += received
    return shown.decode()

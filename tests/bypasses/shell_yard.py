"""A root folder with canaries in it and around it, and whoever listens for a connection that must not come."""

from __future__ import annotations

import os
import secrets
import socket
import stat
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

SECRET = "SECRET-of-the-folder-above"
TOKEN = "TOKEN-of-the-servers-environment"

EVIL = """\
#!/bin/bash
cat "@OUTSIDE@/secret.txt" ../secret.txt
echo owned > "@OUTSIDE@/owned"; echo owned > "@ROOT@/owned"; echo owned > ./owned; echo owned >> canary.txt
echo owned > "/tmp/@MARKER@"; echo owned > "/var/tmp/@MARKER@"; echo owned > "/dev/shm/@MARKER@"
rm -f "@OUTSIDE@/canary.txt" canary.txt
echo owned > /dev/tcp/127.0.0.1/@PORT@
kill -9 @VICTIM@
echo "$CANARY_TOKEN"
"""

MARKED = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/workspace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """`listeners` are sockets that nobody may connect to; `victim` is a process that must live."""

    base: Path
    marker: str
    port: int
    victim: subprocess.Popen[bytes]
    listeners: tuple[socket.socket, ...]

    @property
    def root(self) -> Path:
        return self.base / "root"

    def filled(self, text: str) -> str:
        """`text` with the names of this yard."""
        names = {
            "@OUTSIDE@": str(self.base),
            "@ROOT@": str(self.root),
            "@PORT@": str(self.port),
            "@PID@": str(os.getpid()),
            "@VICTIM@": str(self.victim.pid),
            "@MARKER@": self.marker,
        }
        for name, value in names.items():
            text = text.replace(name, value)
        return text

    def prepare(self, setup: str) -> None:
        subprocess.run(
            ("/bin/bash", "-ec", self.filled(setup)), cwd=self.root, check=True, capture_output=True, timeout=20
        )

    def snapshot(self) -> dict[str, tuple[int, bytes]]:
        """Every file, folder and link below the folder above the root: its mode and owner, and what it holds."""
        return {str(path.relative_to(self.base)): _state(path) for path in self.base.rglob("*")}

    def harm(self) -> list[str]:
        """What was done to the outside, besides what a snapshot shows."""
        done = [f"{folder}/{self.marker} was made" for folder in MARKED if Path(folder, self.marker).exists()]
        if self.victim.poll() is not None:
            done.append("the other process was killed")
        done += [f"{listener.getsockname()} was reached" for listener in self.listeners if _was_reached(listener)]
        return done


@contextmanager
def yard(base: Path) -> Generator[Yard]:
    with ExitStack() as stack:
        root, marker = base / "root", f"owned-{secrets.token_hex(8)}"
        (root / "src").mkdir(parents=True)
        listeners = (
            stack.enter_context(_listening(socket.AF_INET, ("127.0.0.1", 0))),
            stack.enter_context(_listening(socket.AF_UNIX, str(_short(root / "inside.sock")))),
            stack.enter_context(_listening(socket.AF_UNIX, str(_short(base / "outside.sock")))),
            stack.enter_context(_listening(socket.AF_UNIX, f"\0{marker}")),
            stack.enter_context(_datagrams(str(_short(root / "inside.dgram")))),
        )
        victim = stack.enter_context(subprocess.Popen((marker, "300"), executable="/bin/sleep"))
        stack.callback(victim.kill)
        port = listeners[0].getsockname()[1]
        made = Yard(base=base, marker=marker, port=port, victim=victim, listeners=listeners)
        _fill(made)
        yield made


def _fill(made: Yard) -> None:
    files = {
        made.base / "secret.txt": f"{SECRET}\n",
        made.base / "canary.txt": "outside of the root\n",
        made.root / "canary.txt": "inside of the root\n",
        made.root / "notes.txt": "alpha\nbeta\ngamma\nalpha again\n",
        made.root / "data.csv": "name,amount\nmug,3\ncup,12\nplate,7\n",
        made.root / "src/main.py": 'def main() -> None:\n    print("alpha")  # TODO: more\n',
        made.root / "evil.sh": made.filled(EVIL),
    }
    for path, content in files.items():
        path.write_text(content)
    (made.root / "evil.sh").chmod(0o755)


def _short(path: Path) -> Path:
    """The address of a socket has 108 bytes at most, and a test's folder can be longer."""
    return Path(os.path.relpath(path))


@contextmanager
def _listening(family: socket.AddressFamily, address: str | tuple[str, int]) -> Generator[socket.socket]:
    with socket.socket(family) as listener:
        listener.bind(address)
        listener.listen()
        listener.setblocking(False)
        yield listener


@contextmanager
def _datagrams(address: str) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.setblocking(False)
        yield listener


def _was_reached(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            listener.recv(1)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _state(path: Path) -> tuple[int, bytes]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return mode, os.fsencode(path.readlink())
    return mode, path.read_bytes() if stat.S_ISREG(mode) else b""

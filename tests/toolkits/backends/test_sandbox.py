"""What a command in the sandbox cannot do, whatever it is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tests.toolkits.backends.commands import ENVIRONMENT, bash
from toolyard_kernel.backends import Command, Confinement
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends import SandboxBackend, seccomp

pytestmark = pytest.mark.anyio

WRITABLE = Confinement(writable=True)


async def said(sandbox: SandboxBackend, folder: Path, script: str, confinement: Confinement | None = None) -> str:
    done = await sandbox.run(bash(folder, script, merged=True, confinement=confinement, output_bytes=20_000))
    return done.output.head.decode()


async def test_the_folder_is_the_workspace_and_only_read(sandbox: SandboxBackend, folder: Path) -> None:
    text = await said(sandbox, folder, "pwd; cat notes.txt; touch new; rm notes.txt; echo x > notes.txt; ls /")
    assert text.startswith("/workspace\nalpha\n")
    assert text.count("Read-only file system") == 3
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert (folder / "notes.txt").read_text() == "alpha\n"
    assert not {"home", "root", "var", "srv", "opt", "sys", "run", "mnt"} & set(text.split())


async def test_a_folder_that_may_be_changed_is_the_only_one(sandbox: SandboxBackend, folder: Path) -> None:
    text = await said(sandbox, folder, "echo x > new; touch /usr/new /etc/new /new /dev/new /proc/new", WRITABLE)
    assert (folder / "new").read_text() == "x\n"
    assert text.count("touch: cannot touch") == 5


async def test_no_program_becomes_setuid(sandbox: SandboxBackend, folder: Path) -> None:
    script = "cp /bin/true t; chmod u+s t; chmod 2755 t; python3 -c 'import os; os.open(\"u\", os.O_CREAT, 0o4755)'"
    await said(sandbox, folder, script, WRITABLE)
    assert (folder / "t").exists()
    assert not any(path.stat().st_mode & 0o6000 for path in folder.iterdir())


async def test_the_kernels_settings_are_not_written_even_by_a_server_that_is_root(
    sandbox: SandboxBackend, folder: Path
) -> None:
    script = "cd /proc/sys/kernel && cat core_pattern > core_pattern && echo written; find /proc/sys -writable -type f"
    assert await said(sandbox, folder, script, WRITABLE) == "bash: line 1: core_pattern: Read-only file system\n"


async def test_the_host_is_not_seen_in_proc(sandbox: SandboxBackend, folder: Path) -> None:
    text = await said(sandbox, folder, f"ls /proc/{os.getpid()}; ls /proc | grep -c '^[0-9]'; head -c 9 /proc/kallsyms")
    assert "No such file or directory" in text
    assert "Permission denied" in text


async def test_nothing_is_connected_to(sandbox: SandboxBackend, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(os.path.relpath(folder / "socket"))
        unix.listen()
        tcp.setblocking(False)
        unix.setblocking(False)
        port = tcp.getsockname()[1]
        by_python = "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"socket\")'"
        text = await said(sandbox, folder, f"echo > /dev/tcp/127.0.0.1/{port}; {by_python}")
        assert "Permission denied" in text
        assert "Connection refused" not in text
        for listener in (tcp, unix):
            with pytest.raises(BlockingIOError):
                listener.accept()


async def test_without_a_network_there_is_none(sandbox: SandboxBackend, folder: Path) -> None:
    here = Path("/proc/self/ns/net").readlink()
    assert await said(sandbox, folder, "readlink /proc/self/ns/net") != f"{here}\n"
    assert await said(sandbox, folder, "readlink /proc/self/ns/net", Confinement(network=True)) == f"{here}\n"


async def test_with_a_network_only_the_machines_own_sockets_are_refused(sandbox: SandboxBackend, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(os.path.relpath(folder / "socket"))
        unix.listen()
        unix.setblocking(False)
        port = tcp.getsockname()[1]
        by_python = "python3 -c 'import socket; socket.socket(socket.AF_UNIX)'"
        script = f"echo > /dev/tcp/127.0.0.1/{port} && echo reached; {by_python}"
        text = await said(sandbox, folder, script, Confinement(network=True))
        assert text.startswith("reached\n")
        assert "PermissionError" in text


async def test_memory_and_private_folders_are_bounded(sandbox: SandboxBackend, folder: Path) -> None:
    script = (
        "head -c 100M /dev/zero > /tmp/x; head -c 100M /dev/zero > /dev/shm/x; stat -c %s /tmp/x /dev/shm/x; ulimit -v"
    )
    text = await said(sandbox, folder, script)
    assert text.count("No space left on device") == 2
    assert text.count("67108864\n") == 2
    assert text.endswith("2097152\n")


@pytest.mark.parametrize(
    "bomb", [":(){ :|:& };:; sleep 10", 'b(){ setsid bash -c "$(declare -f b); b" & b & }; b; sleep 10']
)
async def test_a_fork_bomb_is_contained(sandbox: SandboxBackend, folder: Path, bomb: str) -> None:
    with anyio.fail_after(20):
        done = await sandbox.run(bash(folder, bomb, timeout=3.0))
    assert done.stopped in ("processes", "timeout")
    assert await said(sandbox, folder, "echo next") == "next\n"


async def test_no_command_gets_a_session_of_its_own(sandbox: SandboxBackend, folder: Path) -> None:
    done = await sandbox.run(bash(folder, "setsid true; true"))
    assert b"Operation not permitted" in done.output.head + done.errors.head


@pytest.mark.parametrize("root", ["/", "/proc", "/sys/kernel", "/dev"])
async def test_a_root_that_would_show_the_host_is_refused(sandbox: SandboxBackend, root: str) -> None:
    with pytest.raises(ToolError, match="would show all of the host"):
        await sandbox.run(bash(Path(root), "ls"))


async def test_a_root_that_is_a_link_is_where_it_leads(sandbox: SandboxBackend, folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    assert await said(sandbox, folder.parent / "link", "cat notes.txt") == "alpha\n"
    (folder.parent / "to-all").symlink_to("/")
    with pytest.raises(ToolError, match="would show all of the host"):
        await sandbox.run(bash(folder.parent / "to-all", "ls"))


async def test_a_root_below_the_systems_folders_is_still_the_workspace(sandbox: SandboxBackend) -> None:
    assert "share" in await said(sandbox, Path("/usr"), "ls; touch x")


IN_A_NAMESPACE = """
import sys
from pathlib import Path

import anyio

from toolyard_kernel.backends import Command, Confinement
from toolyard_toolkits.backends import SandboxBackend

command = Command(argv=("ls", "proc"), folder=Path(sys.argv[1]), timeout=20, output_bytes=9999,
                  environment={"PATH": "/usr/bin:/bin"}, confinement=Confinement())
print(anyio.run(SandboxBackend().run, command))
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="only root mounts")
def test_the_proc_of_a_chroot_below_the_root_is_covered(sandbox: SandboxBackend, folder: Path) -> None:
    (folder / "proc").mkdir()
    script = f'mount -t proc proc "{folder}/proc" && exec "$@"'
    inside = (sys.executable, "-c", IN_A_NAMESPACE, str(folder))
    done = subprocess.run(
        ("/usr/bin/unshare", "--mount", "sh", "-ec", script, "sh", *inside),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "exit_code=0" in done.stdout
    assert "cpuinfo" not in done.stdout


async def test_a_program_that_is_missing_inside_ends_as_in_a_shell(sandbox: SandboxBackend, folder: Path) -> None:
    command = Command(argv=("no-such-program",), folder=folder, timeout=9, output_bytes=100, environment=ENVIRONMENT)
    done = await sandbox.run(command)
    assert done.exit_code == 127
    assert b"not found" in done.errors.head


def test_the_filter_knows_the_calls_of_this_machine() -> None:
    assert seccomp.is_known()
    assert len(seccomp.program(network=False)) % 8 == 0
    assert len(seccomp.program(network=True)) < len(seccomp.program(network=False))

"""Commands of this machine inside bubblewrap."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

from anyio.abc import Process

from toolyard_kernel.backends import Command, Completed, Confinement
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends import seccomp
from toolyard_toolkits.backends.bubblewrap import GROUP, PASSWD, Descriptors, arguments
from toolyard_toolkits.backends.execution import MOST_PROCESSES, Ended, Launch, execute
from toolyard_toolkits.backends.refusals import root_gone
from toolyard_toolkits.backends.status import Status, status_pipe
from toolyard_toolkits.backends.supervise import descendants
from toolyard_toolkits.backends.supervised import not_started

log = logging.getLogger("toolyard")

PROBE_SECONDS = 10
INSTALL = "install it (`apt install bubblewrap`, `dnf install bubblewrap`) and start again"

_NEVER_A_ROOT = ("/proc", "/sys", "/dev")


async def run_sandboxed(command: Command) -> Completed:
    """Run it where only its folder and the system's programs exist; all of it ends with its first process.

    Raises:
        ToolError: it cannot be started there.
    """
    if reason := why_missing():
        raise ToolError(f"no sandbox can run here: {reason}")
    try:
        with status_pipe() as status, _descriptors(command.confinement or Confinement(), status) as descriptors:
            ended = await execute(_launch(command, descriptors), command)
            return _completed(ended, status)
    except FileNotFoundError as error:
        raise root_gone() from error
    except (OSError, ValueError) as error:
        raise not_started(error) from error


@cache
def why_missing() -> str | None:
    """Why no sandbox can run here, and how to change that, found out by running one."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return f"bubblewrap is not installed; {INSTALL}"
    if not seccomp.is_known():
        return f"there is no seccomp filter for {os.uname().machine}; run on x86_64, aarch64 or riscv64"
    with status_pipe() as status, _descriptors(Confinement(), status) as descriptors:
        command = arguments(bwrap, ("true",), Path("/usr"), Confinement(), descriptors)
        try:
            done = subprocess.run(
                command,
                env={"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PROBE_SECONDS,
                pass_fds=_passed(descriptors),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap cannot be run ({error}); {INSTALL}"
    return None if done.returncode == 0 else _failure(done.stderr.decode(errors="replace").strip())


def _failure(said: str) -> str:
    return (
        f"bubblewrap says {said!r}; user namespaces must be allowed: `sysctl kernel.unprivileged_userns_clone=1`, "
        "`sysctl user.max_user_namespaces=10000` or, on Ubuntu, "
        "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`; in a container, allow them by its seccomp and "
        "AppArmor profiles (`docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined`)"
    )


def _launch(command: Command, descriptors: Descriptors) -> Launch:
    folder = _root(command.folder)
    confinement = command.confinement or Confinement()
    return Launch(
        argv=arguments(shutil.which("bwrap") or "bwrap", command.argv, folder, confinement, descriptors),
        environment=command.environment,
        folder=folder,
        descriptors=_passed(descriptors),
        stop=_kill,
        kill=_kill,
        processes=lambda process: len(descendants(process.pid, MOST_PROCESSES)),
    )


def _kill(process: Process) -> None:
    """By --die-with-parent the first process inside ends too, and by its end all others."""
    process.kill()


def _root(folder: Path) -> Path:
    """The folder without symbolic links; one that would show the whole host is refused."""
    real = folder.resolve(strict=True)
    if real == Path(real.anchor) or any(real.is_relative_to(path) for path in _NEVER_A_ROOT):
        raise ToolError(
            "a sandbox around the root folder of these tools would show all of the host; "
            "ask the operator to set `root` to a folder that holds only what these tools may see"
        )
    return real


@contextmanager
def _descriptors(confinement: Confinement, status: Status) -> Generator[Descriptors]:
    with ExitStack() as stack:

        def holding(content: bytes) -> int:
            file = os.memfd_create("sandbox", os.MFD_CLOEXEC)
            stack.callback(os.close, file)
            os.write(file, content)
            os.lseek(file, 0, os.SEEK_SET)
            return file

        yield Descriptors(
            seccomp=holding(seccomp.program(network=confinement.network)),
            passwd=holding(PASSWD),
            group=holding(GROUP),
            status=status.writer,
        )


def _passed(descriptors: Descriptors) -> tuple[int, ...]:
    return (descriptors.seccomp, descriptors.passwd, descriptors.group, descriptors.status)


def _completed(ended: Ended, status: Status) -> Completed:
    told = _told(status)
    with suppress(ChildProcessError):  # it is ours to be buried where this process is the machine's first
        os.waitpid(told.get("child-pid", os.getpid()), os.WNOHANG)
    code = ended.returncode if ended.returncode < 0 or ended.stopped else told.get("exit-code")
    if code is None:
        said = (ended.errors.head or ended.output.head).decode(errors="replace").strip()
        log.error("the sandbox could not be set up: %s", said)
        raise ToolError("the sandbox could not be set up; ask the operator to look into the server's log")
    return Completed(
        exit_code=code,
        duration=ended.duration,
        output=ended.output,
        errors=ended.errors,
        stopped=ended.stopped,
    )


def _told(status: Status) -> dict[str, int]:
    """What bubblewrap says: the `child-pid` of the first process inside, and its `exit-code`, once it has run."""
    told: dict[str, int] = {}
    for line in status.read().splitlines():
        told |= json.loads(line)
    return told

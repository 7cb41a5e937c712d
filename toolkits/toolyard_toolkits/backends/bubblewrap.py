"""How bubblewrap is told what a command may see and do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolyard_kernel.backends import Confinement
from toolyard_toolkits.backends.private import private_below

WORKSPACE = "/workspace"
"""Where the folder is inside: always the same, for where it is on the host is nobody's business there."""

PASSWD = b"user:x:1000:1000:user:/tmp:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUP = b"user:x:1000:\nnogroup:x:65534:\n"

_TMP_BYTES = str(64 * 2**20)
_MEMORY_KIB = 2 * 2**20
_FILE_BLOCKS = 2 * 2**20  # of 512 bytes
_DESCRIPTORS = 1024
_PROCESSES = 512

_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "magic", "mime.types")
_ETC_OF_NETWORK = ("ca-certificates", "gai.conf", "hosts", "nsswitch.conf", "pki/tls/certs", "resolv.conf", "ssl/certs")

# What tells of the host, or of the kernel's memory. To a server that is root it is open, even without any capability;
# so would be /proc/sys, if /proc were not read-only.
_HIDDEN_IN_PROC = (
    "acpi", "asound", "cmdline", "config.gz", "driver", "fs", "kallsyms", "kcore", "keys", "kmsg", "kpagecgroup",
    "kpagecount", "kpageflags", "latency_stats", "modules", "sched_debug", "scsi", "slabinfo", "timer_list", "vmcore",
)  # fmt: skip

_KERNEL_FILESYSTEMS = {
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
    "fusectl", "hugetlbfs", "mqueue", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs",
}  # fmt: skip

# A machine that runs out of memory ends these first. Inside, /proc cannot be written to.
_FIRST_TO_GO = """\
{ echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null
exec "$@"
"""
_WITHIN_LIMITS = """\
exec 3>&2 2>/dev/null
ulimit -c 0; ulimit -%(memory)s %(kib)d; ulimit -f %(blocks)d; ulimit -n %(descriptors)d
ulimit -u %(processes)d || ulimit -p %(processes)d
renice -n 19 $$ >/dev/null
exec 2>&3 3>&-
exec "$@"
"""
"""Nice, so that the first process in there, by whose end all others end, is not kept waiting by a fork bomb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptors:
    """The numbers of what bubblewrap reads, and of the pipe that it tells its status to."""

    seccomp: int
    passwd: int
    group: int
    status: int


def arguments(
    bwrap: str, argv: Sequence[str], folder: Path, confinement: Confinement, descriptors: Descriptors
) -> list[str]:
    """The command line that runs `argv` in `folder`, which must have no symbolic links in its path."""
    return [
        *("/bin/sh", "-c", _FIRST_TO_GO, "sh", bwrap),
        *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *(() if confinement.network else ("--unshare-net",)),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--uid", "1000", "--gid", "1000", "--hostname", "sandbox"),
        *_system(),
        *_etc(descriptors, network=confinement.network),
        *("--proc", "/proc", "--dev", "/dev"),
        *_hidden(),
        *("--size", _TMP_BYTES, "--tmpfs", "/tmp", "--size", _TMP_BYTES, "--tmpfs", "/dev/shm"),  # noqa: S108 - inside
        *("--bind" if confinement.writable else "--ro-bind", os.fspath(folder), WORKSPACE),
        *_covered(folder),
        *("--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORKSPACE),
        *("--seccomp", str(descriptors.seccomp), "--json-status-fd", str(descriptors.status), "--"),
        *("/bin/sh", "-c", _limits(confinement), "sh"),
        *argv,
    ]


def _limits(confinement: Confinement) -> str:
    """Commands that write are builds too: runtimes such as Node's reserve more addresses than they use memory."""
    return _WITHIN_LIMITS % {
        "memory": "d" if confinement.writable else "v",
        "kib": _MEMORY_KIB,
        "blocks": _FILE_BLOCKS,
        "descriptors": _DESCRIPTORS,
        "processes": _PROCESSES,
    }


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for path in _SYSTEM:
        if os.path.islink(path):  # noqa: PTH114 - the target is wanted as it is written
            yield from ("--symlink", os.readlink(path), path)  # noqa: PTH115 - see above
        else:
            yield from ("--ro-bind-try", path, path)


def _etc(descriptors: Descriptors, *, network: bool) -> Iterator[str]:
    yield from ("--ro-bind-data", str(descriptors.passwd), "/etc/passwd")
    yield from ("--ro-bind-data", str(descriptors.group), "/etc/group")
    for name in (*_ETC, *(_ETC_OF_NETWORK if network else ())):
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def _hidden() -> Iterator[str]:
    for name in _HIDDEN_IN_PROC:
        path = f"/proc/{name}"
        if os.path.isdir(path):  # noqa: PTH112 - for every command
            yield from ("--tmpfs", path, "--remount-ro", path)
        elif os.path.exists(path):  # noqa: PTH110 - see above
            yield from ("--ro-bind", "/dev/null", path)


def _covered(folder: Path) -> Iterator[str]:
    """What is below the folder and tells of the host: Toolyard's own folders, the /proc of a chroot."""
    above = f"{os.fspath(folder)}/"
    for private in private_below(os.fspath(folder)):
        inside = f"{WORKSPACE}/{private.removeprefix(above)}"
        yield from ("--tmpfs", inside, "--remount-ro", inside)
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        where, _, what = line.partition(" - ")
        point = _unescaped(where.split(" ")[4])
        if what.split(" ")[0] in _KERNEL_FILESYSTEMS and point.startswith(above):
            inside = f"{WORKSPACE}/{point.removeprefix(above)}"
            yield from ("--tmpfs", inside, "--remount-ro", inside)


def _unescaped(point: str) -> str:
    """A mount point as mountinfo writes it: space, tab, newline and backslash are octal there."""
    for octal, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(octal, character)
    return point

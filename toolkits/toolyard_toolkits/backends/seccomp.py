"""The system calls that a sandboxed command is refused, as a program for the kernel's seccomp filter.

Namespaces hide files and networks, but a socket file below the root can be connected to through a read-only mount, and
a kernel has calls that no reading command needs.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterator
from dataclasses import dataclass

# `setsid` because each session has a share of its own of the processor: with many of them, a fork bomb would leave none
# to those who count its processes.
# Each call's number on x86_64 and in the generic table, which aarch64 and riscv64 use.
_REFUSED = {
    "accept": (43, 202), "accept4": (288, 242), "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171),
    "bind": (49, 200), "bpf": (321, 280), "chroot": (161, 51), "clock_adjtime": (305, 266), "clock_settime": (227, 112),
    "connect": (42, 203), "delete_module": (176, 106), "finit_module": (313, 273), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fsopen": (430, 430), "fspick": (433, 433), "init_module": (175, 105),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_uring_setup": (425, 425),
    "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219), "listen": (50, 201),
    "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429), "open_by_handle_at": (304, 265),
    "open_tree": (428, 428), "perf_event_open": (298, 241), "pidfd_getfd": (438, 438), "pivot_root": (155, 41),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60),
    "reboot": (169, 142), "request_key": (249, 218), "setns": (308, 268), "setsid": (112, 157),
    "settimeofday": (170, 170), "swapoff": (168, 225), "swapon": (167, 224), "syslog": (103, 116),
    "umount2": (166, 39), "unshare": (272, 97),
    "userfaultfd": (323, 282),
}  # fmt: skip
_NETWORKING = {"accept", "accept4", "bind", "connect", "listen"}

_SOCKET, _SOCKETPAIR, _IOCTL, _CLONE, _CLONE3 = (41, 198), (53, 199), (16, 29), (56, 220), (435, 435)
_OPENAT2 = (437, 437)
# Calls that give a file its mode, each with the position of that argument and, where it only counts when a file is
# made, that of the flags. Generic machines do not have those without a number.
_MODES: tuple[tuple[tuple[int, int | None], int, int | None], ...] = (
    ((90, None), 1, None), ((91, 52), 1, None), ((268, 53), 2, None), ((452, 452), 2, None),  # chmod, f-, fchmodat, -2
    ((2, None), 2, 1), ((257, 56), 3, 2), ((85, None), 1, None),  # open, openat, creat
    ((133, None), 1, None), ((259, 33), 2, None),  # mknod, mknodat
)  # fmt: skip
_CREATING = 0x400040
_SETUID_OR_SETGID = 0o6000
_INET, _INET6, _NETLINK = 2, 10, 16
_DATAGRAM, _SOCKET_TYPES = 2, 0xF
_NEW_NAMESPACES = 0x7E020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # put characters into a terminal's input

_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCH, _ARGUMENTS, _SIZE = 0, 4, 16, 8  # offsets in `struct seccomp_data`, whose arguments have 8 bytes each


@dataclass(frozen=True, slots=True)
class _Machine:
    arch: int
    column: int


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 0),
    "aarch64": _Machine(0xC00000B7, 1),
    "riscv64": _Machine(0xC00000F3, 1),
}


def is_known() -> bool:
    """Whether there is a program for this machine."""
    return platform.machine() in _MACHINES


def program(*, network: bool) -> bytes:
    """The filter for this machine, as an array of `struct sock_filter`.

    Raises:
        KeyError: the numbers of this machine's system calls are not known here.
    """
    machine = _MACHINES[platform.machine()]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in _instructions(machine, network=network))


_Instruction = tuple[int, int, int, int]
"""Operation, how many to skip when it is true, and when not, operand."""


def _instructions(machine: _Machine, *, network: bool) -> Iterator[_Instruction]:
    yield (_LOAD, 0, 0, _ARCH)
    yield (_EQUAL, 1, 0, machine.arch)
    yield (_RETURN, 0, 0, _KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    if machine.column == 0:  # the x32 calls of x86_64 have numbers of their own
        yield from ((_AT_LEAST, 0, 1, 0x40000000), _refusal(errno.EPERM))
    for name, refused in _REFUSED.items():
        if not (network and name in _NETWORKING):
            yield from ((_EQUAL, 0, 1, refused[machine.column]), _refusal(errno.EPERM))
    for hidden in (_CLONE3, _OPENAT2):  # what they are asked is not to be seen; `clone` and `openat` are used instead
        yield from ((_EQUAL, 0, 1, hidden[machine.column]), _refusal(errno.ENOSYS))
    families = (_INET, _INET6, _NETLINK) if network else ()
    tests: list[tuple[tuple[int, int | None], list[_Instruction]]] = [
        (_CLONE, [_argument(0), *_refuse_any(_NEW_NAMESPACES)]),
        (_IOCTL, [_argument(1), *_refuse_equal(_TIOCSTI), *_refuse_equal(_TIOCLINUX)]),
        # A pair of datagram sockets can be connected elsewhere.
        (_SOCKETPAIR, [_argument(1), (_AND, 0, 0, _SOCKET_TYPES), *_refuse_equal(_DATAGRAM)]),
        (_SOCKET, [_argument(0), *_allow_equal(families), _refusal(errno.EACCES)]),
        # A program that is setuid would be that outside too, for whoever starts it there.
        *((numbers, _refuse_modes(mode, flags)) for numbers, mode, flags in _MODES),
    ]
    for numbers, test in tests:
        number = numbers[machine.column]
        if number is not None:
            yield from ((_EQUAL, 0, len(test) + 1, number), *test, (_RETURN, 0, 0, _ALLOW))
    yield (_RETURN, 0, 0, _ALLOW)


def _refusal(code: int) -> _Instruction:
    return (_RETURN, 0, 0, _ERRNO | code)


def _argument(position: int) -> _Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + position * _SIZE)


def _refuse_any(bits: int) -> list[_Instruction]:
    return [(_ANY_BIT, 0, 1, bits), _refusal(errno.EPERM)]


def _refuse_modes(mode: int, flags: int | None) -> list[_Instruction]:
    test = [_argument(mode), *_refuse_any(_SETUID_OR_SETGID)]
    return test if flags is None else [_argument(flags), (_ANY_BIT, 0, len(test), _CREATING), *test]


def _refuse_equal(value: int) -> list[_Instruction]:
    return [(_EQUAL, 0, 1, value), _refusal(errno.EPERM)]


def _allow_equal(values: tuple[int, ...]) -> Iterator[_Instruction]:
    for value in values:
        yield from ((_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW))

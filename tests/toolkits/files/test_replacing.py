"""`Directory.write` puts all of a file in its place or nothing, below its folder, with no more rights than before."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from tests.toolkits.files.yard import CANARY, INSIDE, snapshot
from toolyard_kernel.backends import Directory
from toolyard_kernel.errors import NothingThere, ToolError
from toolyard_toolkits.backends import LocalBackend, turns

ACCESS_LIST = "system.posix_acl_access"
DEFAULT_LIST = "system.posix_acl_default"
# Version 2, then tag, permissions and id of: owner rw, user 1234 rw, group none, mask rw, others none.
SHARED = bytes.fromhex("02000000 01000600ffffffff 02000600d2040000 04000000ffffffff 10000600ffffffff 20000000ffffffff")


@pytest.fixture
def folder(root: Path, *, openat2: bool) -> Iterator[Directory]:
    with LocalBackend(openat2=openat2).open(root) as opened:
        yield opened


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_and_its_folders_are_made_and_a_file_is_replaced(folder: Directory, root: Path) -> None:
    before = snapshot(root)
    assert folder.write("new/deep/file", b"one", replace=False) is False
    assert folder.write("./notes.txt", b"two", replace=True) is True
    assert folder.write("sub/deep/../new", b"three", replace=True) is False
    folder_made = "drwxr-xr-x"
    made = {"new": folder_made, "new/deep": folder_made, "new/deep/file": "one"}
    assert snapshot(root) == before | made | {"notes.txt": "two", "sub/new": "three"}


def test_without_replace_nothing_that_is_there_is_touched(folder: Directory, root: Path) -> None:
    os.mkfifo(root / "pipe")
    before = snapshot(root.parent)
    for taken in ("notes.txt", "sub", "link", "dangling", "loop", "pipe", "out"):
        with pytest.raises(ToolError):
            folder.write(taken, b"x", replace=False)
    assert snapshot(root.parent) == before


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../new",
        "sub/../../new",
        "missing/../../new",
        "missing/../new",
        "up/new",
        "out/new",
        "out/secret.txt",
        "out/made/new",
        "link",
        "chain",
        "dangling",
        "dangling/new",
        "loop",
        "loop/new",
        "magic/tmp/new",
        "sub/deep/link",
        "sub",
        "sub/",
        ".",
        "",
        "new/",
        "new/.",
        "new/..",
        "notes.txt/new",
        "notes.txt/",
        "/new",
        "new\0",
        "new/\0/new",
        "x" * 256,
        "made/" + "x" * 256,
        "x" * 256 + "/new",
        "a/" * 3000,
        "\ud800",
    ],
    ids=lambda path: ascii(path)[:40],
)
def test_what_cannot_be_written_is_refused_and_changes_nothing(folder: Directory, root: Path, path: str) -> None:
    before = snapshot(root.parent)
    for replace in (True, False):
        with pytest.raises(ToolError) as refused:
            folder.write(path, b"x", replace=replace)
        assert str(root.parent) not in str(refused.value)
    assert snapshot(root.parent) == before


def test_a_link_that_stays_inside_is_passed_through_by_the_kernel_and_never_written_to(root: Path) -> None:
    (root / "inner").symlink_to("sub/deep")
    (root / "first").symlink_to("notes.txt")
    (root / "broken").symlink_to("nowhere")
    with LocalBackend().open(root) as kernel, LocalBackend(openat2=False).open(root) as stepwise:
        kernel.write("inner/new", b"x", replace=False)
        assert (root / "sub/deep/new").read_bytes() == b"x"
        with pytest.raises(ToolError, match="symbolic link"):
            stepwise.write("inner/other", b"x", replace=False)
        for each in (kernel, stepwise):
            for link in ("first", "broken"):
                with pytest.raises(ToolError, match="this is a symbolic link; see with `list`"):
                    each.write(link, b"x", replace=True)
            with pytest.raises(ToolError):
                each.write("broken/new", b"x", replace=True)
    assert (root / "notes.txt").read_text() == f"{INSIDE}\n"
    assert not (root / "nowhere").exists()


def test_a_hard_link_is_broken_and_the_file_outside_keeps_its_content(folder: Directory, root: Path) -> None:
    os.link(root.parent / "secret.txt", root / "hard")
    folder.write("hard", b"mine", replace=True)
    assert (root / "hard").read_bytes() == b"mine"
    assert (root.parent / "secret.txt").read_text() == f"{CANARY}\n"


def test_what_is_no_regular_file_is_not_replaced(folder: Directory, root: Path) -> None:
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket"))
        for path, kind in {"pipe": "FIFO", "socket": "socket"}.items():
            with pytest.raises(ToolError, match=kind):
                folder.write(path, b"x", replace=True)


@pytest.mark.parametrize("bits", [0o4755, 0o2755, 0o1644, 0o6777])
def test_a_program_that_ran_as_its_owner_does_not_once_it_is_replaced(folder: Directory, root: Path, bits: int) -> None:
    (root / "program").write_bytes(b"#!/bin/true")
    (root / "program").chmod(bits)
    folder.write("program", b"#!/bin/evil", replace=True)
    assert mode(root / "program") == bits & 0o777


def test_a_new_file_has_the_permissions_that_the_umask_leaves(folder: Directory, root: Path) -> None:
    before = os.umask(0o027)
    try:
        folder.write("new/file", b"", replace=True)
    finally:
        os.umask(before)
    assert (mode(root / "new/file"), mode(root / "new")) == (0o640, 0o750)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_that_is_replaced_keeps_its_owner_and_group(folder: Directory, root: Path) -> None:
    os.chown(root / "notes.txt", 1234, 4321)
    (root / "notes.txt").chmod(0o640)
    folder.write("notes.txt", b"x", replace=True)
    about = (root / "notes.txt").stat()
    assert (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (1234, 4321, 0o640)


def writing(root: Path, before: str, *, openat2: bool = True) -> str:
    """What a process prints that writes a file, after some statements that limit what it can do."""
    code = WRITE.format(root=str(root), before=before, openat2=openat2)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


AS_SOMEBODY = "os.setgroups([]); os.setgid(1234); os.setuid(1234)"
WRITE = """
import os, resource
from pathlib import Path
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends import LocalBackend, openat2
backend = LocalBackend(openat2={openat2})
with backend.open(Path({root!r})) as folder:
    {before}
    try:
        folder.write("notes.txt", b"x" * 100_000, replace=True)
        print("written")
    except ToolError as error:
        print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_group_that_cannot_be_kept_gets_no_more_than_all_others(tmp_path: Path) -> None:
    root = reachable(tmp_path)
    (root / "notes.txt").write_text("for the group")
    os.chown(root / "notes.txt", 1234, 4321)
    (root / "notes.txt").chmod(0o660)
    assert writing(root, AS_SOMEBODY) == "written\n"
    about = (root / "notes.txt").stat()
    assert (about.st_gid, stat.S_IMODE(about.st_mode)) == (1234, 0o600)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_write_protected_file_is_not_replaced_though_its_folder_could_be_changed(tmp_path: Path) -> None:
    root = reachable(tmp_path)
    (root / "notes.txt").write_text(INSIDE)
    os.chown(root / "notes.txt", 1234, 1234)
    (root / "notes.txt").chmod(0o444)
    assert "write-protected" in writing(root, AS_SOMEBODY)
    assert (root / "notes.txt").read_text() == INSIDE


def reachable(tmp_path: Path) -> Path:
    """A root that user 1234 may change, below folders that everybody may pass."""
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    root = tmp_path / "root"
    root.mkdir()
    os.chown(root, 1234, 1234)
    return root


def with_access_lists(folder: Path) -> Path:
    try:
        os.setxattr(folder, DEFAULT_LIST, SHARED)
    except OSError as error:
        pytest.skip(f"no access control lists here: {error.strerror}")
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="access control lists are read as Linux has them")
def test_a_list_of_who_may_access_a_file_is_kept_and_none_is_inherited_instead(folder: Directory, root: Path) -> None:
    (root / "private").write_text("mine")
    (root / "private").chmod(0o640)
    with_access_lists(root)
    (root / "shared").write_text("ours")
    os.setxattr(root / "shared", ACCESS_LIST, SHARED)
    for name in ("private", "shared"):
        folder.write(name, b"new", replace=True)
    assert ACCESS_LIST not in os.listxattr(root / "private")
    assert mode(root / "private") == 0o640
    assert os.getxattr(root / "shared", ACCESS_LIST) == SHARED


def test_the_longest_name_can_be_written_and_a_name_of_several_bytes_a_letter(folder: Directory, root: Path) -> None:
    for name in ("x" * 255, "ü" * 127, "€" * 85, "\udcff\udcfe"):
        for content in (b"one", b"two"):
            folder.write(name, content, replace=True)
        assert (root / name).read_bytes() == b"two"
    assert not [name for name in snapshot(root) if name.endswith(".tmp")]


def test_a_write_that_fails_midway_leaves_the_old_file_and_nothing_else(tmp_path: Path, *, openat2: bool) -> None:
    (tmp_path / "notes.txt").write_text(INSIDE)
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))"
    assert "a file of this size may not be made here" in writing(tmp_path, limit, openat2=openat2)
    assert snapshot(tmp_path) == {"notes.txt": INSIDE}


def test_a_file_is_replaced_only_while_it_holds_what_is_expected(folder: Directory, root: Path) -> None:
    (root / "a").write_bytes(b"old")
    for expected in (b"", b"ol", b"old\n", b"new", b"oldold"):
        with pytest.raises(ToolError, match="read it again"):
            folder.write("a", b"new", replace=True, expected=expected)
    assert (root / "a").read_bytes() == b"old"
    folder.write("a", b"new", replace=True, expected=b"old")
    assert (root / "a").read_bytes() == b"new"
    with pytest.raises(NothingThere):
        folder.write("gone", b"new", replace=True, expected=b"")
    assert not (root / "gone").exists()


def winners(root: Path, write: Callable[[Directory, int], object], *, openat2: bool) -> list[int]:
    """The rounds, of 30, in which somebody's write was done, for each of four who write at the same time."""
    writers, won = 4, list[int]()
    start = Barrier(writers)

    def compete() -> None:
        with LocalBackend(openat2=openat2).open(root) as folder:
            for turn in range(30):
                start.wait()
                try:
                    write(folder, turn)
                    won.append(turn)
                except ToolError:
                    pass
                start.wait()

    threads = [Thread(target=compete) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_of_writers_who_expect_the_same_one_wins_and_the_others_are_told(root: Path, *, openat2: bool) -> None:
    def write(folder: Directory, turn: int) -> None:
        folder.write("count", b"%d" % (turn + 1), replace=True, expected=b"%d" % turn)

    (root / "count").write_bytes(b"0")
    assert winners(root, write, openat2=openat2) == list(range(30))
    assert (root / "count").read_bytes() == b"30"


def test_of_writers_who_make_the_same_file_one_wins_and_the_others_are_told(root: Path, *, openat2: bool) -> None:
    def write(folder: Directory, turn: int) -> None:
        folder.write(f"made/{turn}/file", b"x", replace=False)

    assert winners(root, write, openat2=openat2) == list(range(30))


def test_a_folder_that_somebody_keeps_locked_is_an_error_and_no_wait_without_end(root: Path) -> None:
    holder = os.open(root, os.O_RDONLY)
    mine = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(ToolError, match="locked"), turns.turn("a", mine, patience=0.05):
            pass
        fcntl.flock(holder, fcntl.LOCK_UN)
        with turns.turn("a", mine, patience=0.05):
            pass
    finally:
        os.close(holder)
        os.close(mine)


def test_below_a_root_of_everything_no_file_of_a_process_is_written(*, openat2: bool) -> None:
    with LocalBackend(openat2=openat2).open(Path("/")) as folder:
        for path in ("proc/self/comm", "proc/sys/kernel/core_pattern", "proc/new", "proc/self/cwd/new", "dev/null"):
            with pytest.raises(ToolError):
                folder.write(path, b"x", replace=True)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_the_folder_of_processes_is_no_root(*, openat2: bool) -> None:
    with pytest.raises(ToolError), LocalBackend(openat2=openat2).open(Path("/proc/self")):
        pass


def test_what_is_written_leaves_no_descriptor_open(folder: Directory, root: Path) -> None:
    before = os.listdir("/dev/fd")  # noqa: PTH208 - names, not paths
    for path in ("notes.txt", "new/deep/file", "link", "out/x", "sub", "missing/../x", "x" * 300):
        for replace in (True, False):
            try:
                folder.write(path, b"x", replace=replace)
            except ToolError:
                continue
    assert os.listdir("/dev/fd") == before  # noqa: PTH208

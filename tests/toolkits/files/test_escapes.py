"""No path leads out of the root."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.toolkits.files.yard import CANARY, INSIDE, Door, door, entries_of, lines_of, snapshot

pytestmark = pytest.mark.anyio

ATTEMPTS = [
    "..",
    "../",
    "../.",
    "../secret.txt",
    "./../secret.txt",
    ".//..//secret.txt",
    "../root/notes.txt",
    "../outside/secret.txt",
    "sub/../../secret.txt",
    "sub/deep/../../../secret.txt",
    "sub//..//..//secret.txt",
    "sub/deep/../../../root/notes.txt",
    "missing/../../secret.txt",
    "notes.txt/../../secret.txt",
    "../" * 40 + "etc/passwd",
    "link",
    "./link",
    "sub/../link",
    "absolute",
    "chain",
    "up",
    "up/secret.txt",
    "up/root/notes.txt",
    "out",
    "out/secret.txt",
    "sub/up/secret.txt",
    "sub/deep/link",
    "sub/deep/link/",
    "loop",
    "loop/secret.txt",
    "dangling",
    "magic",
    "magic/etc/passwd",
    "/",
    "/etc/passwd",
    "//etc/passwd",
    "/proc/self/environ",
    "~/secret.txt",
    "~root/.profile",
    "$HOME/../secret.txt",
    "file:///etc/passwd",
    "C:\\secret.txt",
    "..\\secret.txt",
    "\\..\\secret.txt",
    "%2e%2e/secret.txt",
    "..%2fsecret.txt",
    "....//secret.txt",
    "..;/secret.txt",
    " ../secret.txt",
    "..\n/secret.txt",
    "notes.txt\0",
    "notes.txt\0/../../secret.txt",
    "../secret.txt\0.txt",
    "\uff0e\uff0e/secret.txt",
    "\u2025/secret.txt",
    "\u2024\u2024/secret.txt",
    "..\u2215secret.txt",
    "..\uff0fsecret.txt",
    "..\u200b/secret.txt",
    "\u202e../secret.txt",
    "\udc2e\udc2e/secret.txt",
    "\ud800/../../secret.txt",
    "",
    "a/" * 3000 + "secret.txt",
    "x" * 300,
]


NEW_NAMES = (
    "~", "$", "file:", "C:", "..\\", "\\", "%", "....", "..;", "..%", " ..", "..\n", "..\u2215", "..\uff0f", "..\u200b",
    "\uff0e", "\u2024", "\u2025", "\u202e", "a/" * 1000,
)  # fmt: skip
"""How a name begins that is odd and can be given to a file below the root."""


@pytest.mark.parametrize("path", ATTEMPTS, ids=lambda path: ascii(path)[:40])
async def test_an_attempt_to_leave_the_root_is_an_error_that_gives_nothing_away(
    files: Door, root: Path, path: str
) -> None:
    before = snapshot(root.parent)
    attempts = [await files.read(path), await files.list(path), await files.edit(path, CANARY, "x")]
    if not path.startswith(NEW_NAMES):
        attempts.append(await files.write(path, "x"))
    assert snapshot(root.parent) == before
    for outcome in attempts:
        assert outcome.status == "tool_error"
        assert CANARY not in outcome.text
        assert "root:" not in outcome.text
        assert str(root.parent) not in outcome.text


async def test_the_absolute_path_of_a_file_of_the_root_is_refused_too(files: Door, root: Path) -> None:
    assert not (await files.read(str(root / "notes.txt"))).ok
    assert not (await files.list(str(root))).ok


async def test_an_error_names_the_path_as_it_was_given_and_says_what_to_do(files: Door) -> None:
    for path, said in {
        "../secret.txt": "leads out of the root",
        "/etc/passwd": "relative to the root",
        "nothing.txt": "`list`",
        "notes.txt/more": "not a folder",
        "sub": "this is a folder",
        "notes.txt\0": "NUL",
    }.items():
        text = (await files.read(path)).text
        assert text.startswith(f"{path}: ".replace("\0", "\\x00"))
        assert said in text


async def test_a_path_that_goes_up_and_stays_below_the_root_is_read(files: Door) -> None:
    for path in ("sub/../notes.txt", "sub/deep/../../notes.txt", "./sub/./deep/..//notes.txt", "sub/deep/../notes.txt"):
        assert lines_of(await files.read(path)) == [(1, INSIDE)]
    assert "notes.txt  19 bytes" in entries_of(await files.list("sub/deep/.."))
    assert not (await files.read("missing/../notes.txt")).ok
    assert not (await files.read("notes.txt/../notes.txt")).ok
    assert not (await files.read("notes.txt/")).ok
    assert not (await files.read("notes.txt/.")).ok


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs openat2, which is Linux's")
async def test_a_link_that_stays_below_the_root_is_followed_by_the_kernel_only(root: Path) -> None:
    (root / "inner").symlink_to("sub/deep")
    (root / "sub/first").symlink_to("../notes.txt")
    kernel, stepwise = door(root), door(root, openat2=False)
    for path in ("inner/notes.txt", "sub/first", "inner/../notes.txt"):
        assert lines_of(await kernel.read(path)) == [(1, INSIDE)]
        assert "symbolic link" in (await stepwise.read(path)).text
    assert "notes.txt  19 bytes" in entries_of(await kernel.list("inner"))
    assert "symbolic link" in (await stepwise.list("inner")).text


async def test_a_hard_link_is_a_file_of_the_root(files: Door, root: Path) -> None:
    os.link(root.parent / "secret.txt", root / "hard")
    assert lines_of(await files.read("hard")) == [(1, CANARY)]


@pytest.mark.parametrize(
    "path",
    [
        "dev/zero",
        "dev/null",
        "dev/stdin",
        "dev/fd/0",
        "dev/tty",
        "dev/ptmx",
        "proc/self/environ",
        "proc/self/status",
        "proc/self/fd/0",
    ],
)
async def test_devices_and_the_files_of_processes_are_not_read_below_any_root(path: str, *, openat2: bool) -> None:
    assert (await door(Path("/"), openat2=openat2).read(path)).status == "tool_error"


@pytest.mark.parametrize(
    "path", ["proc", "proc/self", "proc/self/fd", "proc/self/cwd", "proc/self/root", "proc/1/root"]
)
async def test_the_folders_of_processes_are_not_listed_below_any_root(path: str, *, openat2: bool) -> None:
    assert (await door(Path("/"), openat2=openat2).list(path)).status == "tool_error"


async def test_what_is_no_regular_file_is_refused_without_waiting_for_it(files: Door, root: Path) -> None:
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket"))
        for path, kind in {"pipe": "a FIFO", "socket": "a socket"}.items():
            outcome = await files.read(path)
            assert outcome.status == "tool_error"
            assert kind in outcome.text
            assert not (await files.list(path)).ok


async def test_a_fifo_that_is_refused_keeps_its_writer(files: Door, root: Path) -> None:
    os.mkfifo(root / "pipe")
    reader = os.open(root / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(root / "pipe", os.O_WRONLY)
    try:
        os.write(writer, b"kept")
        assert not (await files.read("pipe")).ok
        assert os.read(reader, 10) == b"kept"
    finally:
        os.close(reader)
        os.close(writer)


PARTS = st.sampled_from(
    ["..", ".", "", "sub", "deep", "up", "out", "link", "chain", "root", "outside", "notes.txt", "secret.txt", CANARY]
)
PATHS = st.lists(PARTS | st.text(max_size=3), max_size=8).map("/".join)


@given(path=PATHS)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_at_all_reads_anything_that_is_not_inside(files: Door, path: str) -> None:
    """Whatever is read was written inside; whatever is listed is no neighbour of the root."""

    async def attempt() -> None:
        found, listed = await files.read(path), await files.list(path, recursive=True)
        if found.ok:
            assert lines_of(found) == [(1, INSIDE)]
        if listed.ok:
            assert not {"root/", "outside/", CANARY} & set(entries_of(listed))

    anyio.run(attempt)


@given(path=PATHS)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_at_all_writes_anything_that_is_not_inside(files: Door, root: Path, path: str) -> None:
    before = snapshot(root.parent, without=root)

    async def attempt() -> None:
        await files.write(path, "written")
        await files.edit(path, "w", "W", replace_all=True)
        await files.edit(path, CANARY, "changed")

    anyio.run(attempt)
    assert snapshot(root.parent, without=root) == before

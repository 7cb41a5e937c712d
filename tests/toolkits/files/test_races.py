"""Whoever may change the root while it is read still gets nothing from outside."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import anyio
import pytest

from tests.toolkits.files.yard import CANARY, INSIDE, Door, door, snapshot

pytestmark = pytest.mark.anyio

SWAPS = 500
SWAPS_WRITTEN = 300
Swap = Callable[[], None]


def swapping_a_file_for_a_link(root: Path) -> Swap:
    """`swap` is a file, then a link out, with nothing between the two."""
    new = root / "new"

    def swap() -> None:
        new.write_text(INSIDE)
        new.replace(root / "swap")
        new.symlink_to("../secret.txt")
        new.replace(root / "swap")

    return swap


def swapping_a_folder_for_a_link(root: Path) -> Swap:
    """`swap` is a folder, then a link to a folder outside."""
    (root / "swap").mkdir()
    (root / "swap/secret.txt").write_text(INSIDE)
    (root / "evil").symlink_to("../outside")

    def swap() -> None:
        (root / "swap").rename(root / "kept")
        (root / "evil").rename(root / "swap")
        (root / "swap").rename(root / "evil")
        (root / "kept").rename(root / "swap")

    return swap


def moving_a_folder_out(root: Path) -> Swap:
    """The parent of `swap/inner` is a folder below the root, then the one outside that has the secret."""
    (root / "swap/inner").mkdir(parents=True)
    (root / "swap/secret.txt").write_text(INSIDE)

    def swap() -> None:
        (root / "swap/inner").rename(root.parent / "outside/inner")
        (root.parent / "outside/inner").rename(root / "swap/inner")

    return swap


@pytest.mark.parametrize(
    ("arrange", "path"),
    [
        (swapping_a_file_for_a_link, "swap"),
        (swapping_a_folder_for_a_link, "swap/secret.txt"),
        (swapping_a_folder_for_a_link, "sub/../swap/secret.txt"),
        (moving_a_folder_out, "swap/inner/../secret.txt"),
    ],
)
async def test_a_path_that_changes_while_it_is_read_never_shows_what_is_outside(
    files: Door, root: Path, arrange: Callable[[Path], Swap], path: str
) -> None:
    swap = arrange(root)
    swapper = Thread(target=lambda: [swap() for _ in range(SWAPS)])
    swapper.start()
    while swapper.is_alive():
        outcome = await files.read(path)
        assert CANARY not in outcome.text
        assert not outcome.ok or INSIDE in outcome.text
    swapper.join()


async def test_a_folder_that_changes_while_it_is_listed_never_shows_what_is_outside(files: Door, root: Path) -> None:
    swap = swapping_a_folder_for_a_link(root)
    swapper = Thread(target=lambda: [swap() for _ in range(SWAPS)])
    swapper.start()
    while swapper.is_alive():
        for path in (".", "swap"):
            assert CANARY not in (await files.list(path, recursive=True)).text
    swapper.join()


async def test_a_root_that_is_replaced_is_found_again_and_one_that_is_gone_is_named_by_no_path(
    files: Door, root: Path
) -> None:
    root.rename(root.parent / "old")
    gone = await files.read("notes.txt")
    assert gone.status == "tool_error"
    assert "root folder" in gone.text
    assert str(root.parent) not in gone.text
    root.mkdir()
    (root / "notes.txt").write_text("new")
    assert "new" in (await files.read("notes.txt")).text
    assert os.listdir(root) == ["notes.txt"]  # noqa: PTH208 - reading leaves nothing behind


def exchanging_a_folder_and_a_link(root: Path) -> Swap:
    """`swap` is a folder or a link to a folder outside, and there is nothing between the two."""
    (root / "swap").mkdir()
    (root / "swap/secret.txt").write_text(INSIDE)
    (root / "evil").symlink_to("../outside")
    rename = ctypes.CDLL(None, use_errno=True).renameat2
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    swap, evil = os.fsencode(root / "swap"), os.fsencode(root / "evil")

    def exchanged() -> None:
        assert rename(here, swap, here, evil, exchange) == 0

    return exchanged


@pytest.mark.parametrize(
    ("arrange", "path"),
    [
        (swapping_a_file_for_a_link, "swap"),
        (exchanging_a_folder_and_a_link, "swap/secret.txt"),
        (exchanging_a_folder_and_a_link, "swap/made/new.txt"),
        (exchanging_a_folder_and_a_link, "sub/../swap/new.txt"),
        (moving_a_folder_out, "swap/inner/../new.txt"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="swaps with renameat2, which is Linux's")
@pytest.mark.parametrize("file_write", ["full", "create-only"])
async def test_a_path_that_changes_while_it_is_written_never_changes_what_is_outside(
    root: Path, arrange: Callable[[Path], Swap], path: str, file_write: str, *, openat2: bool
) -> None:
    files = door(root, openat2=openat2, file_write=file_write)
    swap = arrange(root)
    before = snapshot(root.parent / "outside")
    swapper = Thread(target=lambda: [swap() for _ in range(SWAPS_WRITTEN)])
    swapper.start()
    while swapper.is_alive():
        for outcome in (
            await files.write(path, f"{INSIDE} of a write\n"),
            await files.edit(path, "i", "I"),
            await files.edit(path, CANARY, "sung", replace_all=True),
        ):
            assert CANARY not in outcome.text
    swapper.join()
    assert snapshot(root.parent / "outside") == before
    assert (root.parent / "secret.txt").read_text() == f"{CANARY}\n"
    assert not [name for name in snapshot(root) if name.endswith(".tmp")]


async def test_edits_of_one_file_at_the_same_time_are_all_made_or_refused(files: Door, root: Path) -> None:
    """No edit is lost: what an answer says was done is in the file."""
    (root / "count").write_text("".join(f"line {n}\n" for n in range(40)))
    done: list[int] = []

    async def edit(number: int) -> None:
        outcome = await files.edit("count", f"line {number}\n", f"done {number}\n")
        if outcome.ok:
            done.append(number)
        else:
            assert "read it again" in outcome.text

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(edit, number)
    lines = (root / "count").read_text().splitlines()
    assert [n for n in range(40) if lines[n] == f"done {n}"] == sorted(done)
    assert done


async def test_an_edit_of_what_somebody_else_has_changed_meanwhile_is_refused(files: Door, root: Path) -> None:
    """Whatever a writer without manners does, its text is there in the end, or was replaced by one made of it."""
    texts = [f"{INSIDE} {n}\n" for n in range(200)]

    def write() -> None:
        for text in texts:
            (root / "new").write_text(text)
            (root / "new").replace(root / "swap")

    (root / "swap").write_text(texts[0])
    writer = Thread(target=write)
    writer.start()
    while writer.is_alive():
        outcome = await files.edit("swap", "inside", "INSIDE")
        assert outcome.ok or "read it again" in outcome.text or "not in this file" in outcome.text
    writer.join()
    assert (root / "swap").read_text() in (texts[-1], texts[-1].replace("inside", "INSIDE"))

"""Whoever may change the root while it is read still gets nothing from outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from tests.toolkits.files.yard import CANARY, INSIDE, Door

pytestmark = pytest.mark.anyio

SWAPS = 2000
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

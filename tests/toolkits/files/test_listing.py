"""`list` shows the entries of folders, in order, within limits, and follows no link."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.toolkits.files.yard import Door, door, entries_of, frame_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for folder in ("b/c/d", "e"):
        (root / folder).mkdir(parents=True)
    for file in ("a.txt", ".hidden", "b/one", "b/c/two", "b/c/d/three", "z"):
        (root / file).write_text(file)
    (root / "link").symlink_to("../outside")
    (root / "b/back").symlink_to("..")
    return root


async def test_a_folder_is_listed_in_order_with_kinds_sizes_and_hidden_entries(files: Door, root: Path) -> None:
    os.mkfifo(root / "pipe")
    outcome = await files.list()
    assert outcome.text.split("\n") == [
        ".: 7 entries",
        ".hidden  7 bytes",
        "a.txt  5 bytes",
        "b/",
        "e/",
        "link -> ../outside",
        "pipe  (FIFO)",
        "z  1 bytes",
    ]


async def test_names_are_relative_to_the_listed_folder(files: Door) -> None:
    assert entries_of(await files.list("b")) == ["back -> ..", "c/", "one  5 bytes"]
    assert entries_of(await files.list("b/", max_depth=2)) == [
        "back -> ..",
        "c/",
        "c/d/",
        "c/two  7 bytes",
        "one  5 bytes",
    ]


async def test_a_recursive_list_shows_each_folder_before_what_is_in_it_and_follows_no_link(files: Door) -> None:
    assert entries_of(await files.list(recursive=True)) == [
        ".hidden  7 bytes",
        "a.txt  5 bytes",
        "b/",
        "b/back -> ..",
        "b/c/",
        "b/c/d/",
        "b/c/d/three  11 bytes",
        "b/c/two  7 bytes",
        "b/one  5 bytes",
        "e/",
        "link -> ../outside",
        "z  1 bytes",
    ]


@pytest.mark.parametrize("recursive", [True, False])
async def test_a_list_goes_no_deeper_than_it_is_asked_to(files: Door, *, recursive: bool) -> None:
    for depth, most in {1: 0, 2: 1, 3: 2, 4: 3, 50: 3}.items():
        entries = entries_of(await files.list(recursive=recursive, max_depth=depth))
        assert max(entry.split(" ")[0].rstrip("/").count("/") for entry in entries) == most


async def test_an_empty_folder_has_no_entries(files: Door) -> None:
    assert (await files.list("e")).text == "e: 0 entries"


async def test_a_file_and_nothing_at_all_are_errors_that_say_what_to_do(files: Door) -> None:
    for path in ("a.txt", "missing", "missing/more", "link"):
        outcome = await files.list(path)
        assert outcome.status == "tool_error"
        assert outcome.text.startswith(f"{path}: ")
    assert "`read`" in (await files.list("a.txt")).text


async def test_a_folder_with_too_many_entries_shows_the_first_thousand_and_counts_the_rest(
    root: Path, *, openat2: bool
) -> None:
    for number in range(1234):
        (root / "e" / f"{number:04}").touch()
    outcome = await door(root, openat2=openat2, output_bytes=1_000_000).list("e")
    assert entries_of(outcome) == [f"{number:04}  0 bytes" for number in range(1000)]
    assert outcome.text.startswith("e: 1234 entries\n")
    assert frame_of(outcome)[1].startswith("[234 more not shown: ")


async def test_a_list_stops_at_a_whole_entry_within_the_callers_limit(root: Path, *, openat2: bool) -> None:
    for number in range(100):
        (root / "e" / f"{number:03}-{'x' * 90}").touch()
    outcome = await door(root, openat2=openat2, output_bytes=3000).list("e")
    entries = entries_of(outcome)
    assert 2000 < len(outcome.text.encode()) <= 3000
    assert entries == [f"{number:03}-{'x' * 90}  0 bytes" for number in range(len(entries))]
    assert frame_of(outcome)[1].startswith(f"[{100 - len(entries)} more not shown: ")


async def test_the_deepest_entries_are_left_out_first(root: Path, *, openat2: bool) -> None:
    for folder in ("a", "b/c"):
        (root / folder / "many").mkdir(parents=True)
        for number in range(600):
            (root / folder / "many" / f"{number:03}").touch()
    outcome = await door(root, openat2=openat2, output_bytes=1_000_000).list(recursive=True)
    entries = entries_of(outcome)
    assert len(entries) == 1000
    assert {"z  1 bytes", "b/c/d/three  11 bytes", "a/many/599  0 bytes"} <= set(entries)
    assert "max_depth=1" in frame_of(outcome)[1]


async def test_a_folder_that_cannot_be_opened_says_so_and_the_others_are_listed(files: Door, root: Path) -> None:
    (root / "b").chmod(0)
    if os.access(root / "b", os.R_OK):
        pytest.skip("nothing is closed to a superuser")
    try:
        entries = entries_of(await files.list(recursive=True))
    finally:
        (root / "b").chmod(0o755)
    assert any(entry.startswith("b/  (cannot be opened: the server has no permission") for entry in entries)
    assert "z  1 bytes" in entries


async def test_a_name_cannot_forge_a_line_or_break_the_answer(files: Door, root: Path) -> None:
    for name in ("new\nline  9 bytes", "\u202egnp.exe", "größe 😀"):
        (root / "e" / name).touch()
    (root / "e/to").symlink_to("a\nb")
    assert sorted(entries_of(await files.list("e"))) == sorted(
        [
            "größe 😀  0 bytes",
            "new\\nline  9 bytes  0 bytes",
            "to -> a\\nb",
            "\\u202egnp.exe  0 bytes",
        ]
    )


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
async def test_a_name_that_is_not_unicode_is_listed_and_its_neighbours_are_too(files: Door, root: Path) -> None:
    for name in (b"caf\xe9", b"tea"):
        (root / "e" / os.fsdecode(name)).touch()
    assert entries_of(await files.list("e")) == ["caf\\udce9  0 bytes", "tea  0 bytes"]


async def test_a_tree_deeper_than_any_path_may_be_long_is_listed(files: Door, root: Path) -> None:
    here = os.open(root / "e", os.O_RDONLY)
    for _ in range(120):
        os.mkdir("n" * 100, dir_fd=here)
        deeper = os.open("n" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    outcome = await files.list("e", recursive=True)
    assert outcome.text.startswith("e: 120 entries\n")


@given(
    names=st.sets(
        st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1, max_size=20)
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_file_is_listed_once_and_can_be_read_by_the_name_it_is_listed_by(tmp_path: Path, names: set[str]) -> None:
    folder = tmp_path / "names"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    # Names that differ only in case or form are one name to macOS.
    distinct = {unicodedata.normalize("NFKC", name).casefold(): name for name in names - {".", ".."}}.values()
    for name in distinct:
        (folder / name).write_text(name)

    async def check() -> None:
        files = door(folder, output_bytes=1_000_000)
        listed = [entry.partition("  ")[0] for entry in entries_of(await files.list())]
        assert listed == sorted(distinct)
        for name in listed:
            assert (await files.read(name)).text.endswith(f"\t{name}")

    anyio.run(check)

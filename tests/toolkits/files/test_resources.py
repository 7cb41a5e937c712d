"""Whatever is read, and whatever fails, nothing stays open and memory stays flat."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.toolkits.files.yard import Door, door, frame_of, lines_of
from tests.toolkits.memory import at_most

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


def descriptors() -> list[str]:
    return os.listdir("/dev/fd")  # noqa: PTH208 - names, not paths


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`lines` has a million lines and 96 MiB, `line` has one line of 96 MiB."""
    root = tmp_path_factory.mktemp("huge")
    with (root / "lines").open("wb") as lines, (root / "line").open("wb") as line:
        for _ in range(96):
            lines.write((b"x" * 95 + b"\n") * (MIB // 96))
            line.write(b"x" * MIB)
    return root


async def test_no_call_leaves_a_descriptor_open(files: Door, root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "binary").write_bytes(b"\0")
    (root / "image").write_bytes(b"GIF89a")
    paths = [
        "notes.txt",
        "sub/../notes.txt",
        "sub/deep/notes.txt",
        "sub",
        "link",
        "up",
        "loop",
        "../secret.txt",
        "missing",
    ]
    paths += [
        "missing/x",
        "notes.txt/x",
        "sub/missing/x",
        "sub/../../x",
        "pipe",
        "binary",
        "image",
        "",
        "/",
        ".",
        "a" * 5000,
    ]

    async def everything() -> None:
        for path in paths:
            for start_line in (None, 1, 99):
                await files.read(path, start_line=start_line)
            for recursive in (True, False):
                await files.list(path, recursive=recursive)

    await everything()
    before = descriptors()
    for _ in range(10):
        await everything()
    assert descriptors() == before


@pytest.mark.parametrize("path", ["lines", "line"])
async def test_a_huge_file_is_shown_and_counted_in_little_memory(huge: Path, path: str) -> None:
    with at_most(2 * MIB):
        outcome = await door(huge).read(path)
    assert len(outcome.text) > 10_000
    assert f"{(huge / path).stat().st_size} bytes" in frame_of(outcome)[0]


async def test_the_end_of_a_huge_file_is_found_in_little_memory(huge: Path) -> None:
    total = 96 * (MIB // 96)
    with at_most(2 * MIB):
        outcome = await door(huge).read("lines", start_line=total - 1)
    assert lines_of(outcome) == [(total - 1, "x" * 95), (total, "x" * 95)]
    assert f"lines {total - 1}-{total} of {total}" in frame_of(outcome)[0]


async def test_a_folder_of_many_entries_is_listed_in_little_memory(tmp_path: Path) -> None:
    for number in range(20_000):
        os.close(os.open(tmp_path / f"{number:05}-{'x' * 60}", os.O_CREAT | os.O_WRONLY))
    with at_most(2 * MIB):
        outcome = await door(tmp_path).list()
    assert outcome.text.startswith(".: 20001 entries\n") or outcome.text.startswith(".: 20000 entries\n")


async def test_lines_far_beyond_the_last_one_shown_are_not_counted(tmp_path: Path) -> None:
    with (tmp_path / "vast").open("wb") as vast:
        vast.write(b"line\n" * 100_000)
        vast.truncate(2**40)
    outcome = await door(tmp_path).read("vast", end_line=2)
    assert outcome.text == f"vast: lines 1-2 of more than 100000, {2**40} bytes\n     1\tline\n     2\tline"


@pytest.fixture
def gigabyte(tmp_path: Path) -> Path:
    """A root with a file of a gigabyte, most of which is a hole."""
    with (tmp_path / "vast").open("wb") as vast:
        vast.write(b"first\n" * 100_000)
        vast.truncate(2**30)
    return tmp_path


async def test_a_gigabyte_is_listed_read_and_replaced_and_not_edited_in_little_memory(gigabyte: Path) -> None:
    files = door(gigabyte)
    with at_most(2 * MIB):
        assert f"vast  {2**30} bytes" in (await files.list()).text
        assert lines_of(await files.read("vast", end_line=1)) == [(1, "first")]
        edited = await files.edit("vast", "first", "second")
        assert edited.status == "tool_error"
        assert "use smaller files, or a command" in edited.text
        assert (await files.write("vast", "new\n")).text.startswith("vast: replaced, 1 line, 4 bytes")
    assert (gigabyte / "vast").read_bytes() == b"new\n"


async def test_the_largest_file_is_edited_in_memory_that_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "most").write_bytes(b"\xc3\xa9 of a line\r\n" * (10 * MIB // 14))
    files = door(tmp_path)
    with at_most(150 * MIB):
        assert "searched for nothing else" in (await files.edit("most", "no such line", "x")).text

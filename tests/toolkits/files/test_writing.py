"""`write` makes a file hold just the content it is given, and says what it did."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.toolkits.files.test_reading import TEXTS, lines_in
from tests.toolkits.files.yard import CANARY, INSIDE, Door, door, lines_of, preview_of
from toolyard_kernel.errors import ToolError

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("one\ntwo\n", "created, 2 lines, 8 bytes"),
        ("one\r\ntwo\r\n", "created, 2 lines, 10 bytes"),
        ("one", "created, 1 line, 3 bytes"),
        ("", "created, 0 lines, 0 bytes"),
        ("\ufeffß€😀\u2028\x0b\x85\t\x1b", "created, 1 line, 20 bytes"),
    ],
)
async def test_a_new_file_holds_the_content_to_the_byte(files: Door, root: Path, content: str, said: str) -> None:
    outcome = await files.write("new/folder/file", content)
    assert outcome.text == f"new/folder/file: {said}"
    assert (root / "new/folder/file").read_bytes() == content.encode()


async def test_a_file_is_replaced_whole(files: Door, root: Path) -> None:
    assert (await files.write("notes.txt", "x")).text == "notes.txt: replaced, 1 line, 1 bytes"
    assert (root / "notes.txt").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("old", "told"),
    [
        ("naïve".encode("utf-16"), "; it was UTF-16 before, and is UTF-8 now"),
        ("naïve".encode("utf-8-sig"), "; it was UTF-8 with BOM before, and is UTF-8 now"),
        ("naïve".encode("latin-1"), "; it was latin-1 before, and is UTF-8 now"),
        (b"a\r\nb\r\n", "; its lines ended in CRLF before, and do not now"),
        (b"\0binary", "; before, it had 7 bytes that are no text"),
        ("naïve".encode(), ""),
        (b"", ""),
    ],
)
async def test_what_a_file_was_before_is_told_where_that_differs(
    files: Door, root: Path, old: bytes, told: str
) -> None:
    (root / "old").write_bytes(old)
    assert (await files.write("old", "new\n")).text == f"old: replaced, 1 line, 4 bytes{told}"
    assert (root / "old").read_bytes() == b"new\n"


async def test_create_only_makes_new_files_and_leaves_those_that_are_there(root: Path, *, openat2: bool) -> None:
    files = door(root, openat2=openat2, file_write="create-only")
    assert (await files.write("new", "x")).text == "new: created, 1 line, 1 bytes"
    for path in ("new", "notes.txt", "sub", "link", "dangling"):
        assert (await files.write(path, "y")).status == "tool_error"
    assert "create-only" in (await files.write("notes.txt", "y")).text
    assert (root / "new").read_bytes() == b"x"
    assert (root / "notes.txt").read_text() == f"{INSIDE}\n"


@pytest.mark.parametrize("content", ["a\ud800b", "\udfff"])
async def test_half_a_character_is_refused_by_name(files: Door, root: Path, content: str) -> None:
    outcome = await files.write("new", content)
    assert outcome.status == "tool_error"
    assert "half a character (U+D" in outcome.text
    assert not (root / "new").exists()


async def test_ten_mebibytes_are_written_and_one_byte_more_is_refused(files: Door, root: Path) -> None:
    assert (await files.write("most", "x" * (10 * MIB))).ok
    for content in ("x" * (10 * MIB + 1), "é" * (5 * MIB) + "x"):
        outcome = await files.write("more", content)
        assert outcome.status == "tool_error"
        assert f"{10 * MIB + 1} bytes" in outcome.text
    assert not (root / "more").exists()


@pytest.mark.parametrize("path", ["../new", "out/new", "up/new", "link", "chain", "absolute", "/tmp/new", "", "."])
async def test_a_write_to_elsewhere_is_refused_asked_or_not(files: Door, root: Path, path: str) -> None:
    assert (await files.write(path, "x")).status == "tool_error"
    with pytest.raises(ToolError):
        preview_of(files, "write", path=path, content="x")
    assert (root.parent / "secret.txt").read_text() == f"{CANARY}\n"
    assert not (root.parent / "new").exists()


def test_what_is_asked_shows_the_difference_to_the_file_that_is_there(files: Door, root: Path) -> None:
    (root / "old").write_text("one\ntwo\nthree\n")
    shown = preview_of(files, "write", path="old", content="one\n2\nthree\n")
    assert shown.split("\n") == [
        "old: 3 lines, 12 bytes, in place of 3 lines, 14 bytes",
        "@@ -1,3 +1,3 @@",
        " one",
        "-two",
        "+2",
        " three",
    ]
    assert (root / "old").read_text() == "one\ntwo\nthree\n"


def test_what_is_asked_for_a_new_file_shows_its_content(files: Door, root: Path) -> None:
    shown = preview_of(files, "write", path="a/new", content="one\ntwo")
    assert shown.split("\n") == [
        "a/new: 2 lines, 7 bytes, in a new file",
        "@@ -0,0 +1,2 @@",
        "+one",
        "+two",
        "\\ No newline at end of file",
    ]
    assert not (root / "a").exists()


def test_what_is_asked_says_that_the_old_file_is_binary_or_vast(files: Door, root: Path) -> None:
    (root / "binary").write_bytes(b"\0" * 10)
    with (root / "vast").open("wb") as vast:
        vast.truncate(2**30)
    assert "in place of 10 bytes that are no text\n" in preview_of(files, "write", path="binary", content="x")
    assert f"in place of {2**30} bytes, too many" in preview_of(files, "write", path="vast", content="x")


def test_what_cannot_be_written_is_not_asked(root: Path) -> None:
    files = door(root, file_write="create-only")
    for path, content in (("notes.txt", "x"), ("sub", "x"), ("new", "\ud800"), ("new", "x" * (10 * MIB + 1))):
        with pytest.raises(ToolError):
            preview_of(files, "write", path=path, content=content)


def test_what_is_asked_is_bounded_and_shows_some_of_both_sides(files: Door, root: Path) -> None:
    (root / "old").write_text("".join(f"old {n}\n" for n in range(5000)))
    shown = preview_of(files, "write", path="old", content="".join(f"new {n}\n" for n in range(5000)))
    assert len(shown.encode()) < 8000
    assert "-old 0\n" in shown
    assert "more removed lines not shown" in shown
    assert "+new 0\n" in shown
    assert "more changed lines not shown" in shown


def test_what_is_asked_hides_nothing_from_a_persons_eyes(files: Door) -> None:
    shown = preview_of(files, "write", path="new", content="a\u202eb\x1b[2Jc\rd\te\n")
    assert "+a\\u202eb\\x1b[2Jc\\rd\te" in shown


@given(content=TEXTS)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_what_is_read(root: Path, content: str) -> None:
    async def write_and_read() -> None:
        files = door(root, output_bytes=10**6)
        assert (await files.write("any", content)).ok
        assert (root / "any").read_bytes() == content.encode()
        assert lines_of(await files.read("any")) == list(enumerate(lines_in(content), 1))

    anyio.run(write_and_read)


@given(parts=st.lists(st.sampled_from(["a", "b\n", "c\r\n", "d\r", "\n"]), max_size=8))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_line_ends_are_written_as_they_are_given(root: Path, parts: list[str]) -> None:
    content = "".join(parts)
    assert anyio.run(lambda: door(root).write("any", content)).ok
    assert (root / "any").read_bytes() == content.encode()

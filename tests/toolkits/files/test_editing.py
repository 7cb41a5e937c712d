"""`edit` changes one piece of a file and leaves all the rest as it was, to the byte."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.toolkits.files.test_reading import lines_in
from tests.toolkits.files.yard import CANARY, INSIDE, Door, door, lines_of, preview_of
from toolyard_kernel.errors import ToolError

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
PYTHON = "def f():\n    if a:\n        return 1\n    return 2\n\n\ndef g():\n    return 3\n"


async def test_the_answer_shows_what_has_changed_with_line_numbers(files: Door, root: Path) -> None:
    (root / "a.py").write_text(PYTHON)
    outcome = await files.edit("a.py", "return 2", "return 4")
    assert outcome.text.split("\n") == [
        "a.py: 1 place, at line 4",
        "@@ -1,7 +1,7 @@",
        " def f():",
        "     if a:",
        "         return 1",
        "-    return 2",
        "+    return 4",
        " ",
        " ",
        " def g():",
    ]
    assert (root / "a.py").read_text() == PYTHON.replace("return 2", "return 4")


@pytest.mark.parametrize(
    ("content", "old", "new", "expected"),
    [
        (b"a\r\nb\r\nc\r\n", "a\nb\n", "a\nx\nb\n", b"a\r\nx\r\nb\r\nc\r\n"),
        (b"a\r\nb\r\n", "b", "x\ny", b"a\r\nx\r\ny\r\n"),
        (b"a\r\nb\r\n", "a\r\nb", "x\r\ny", b"x\r\ny\r\n"),
        (b"a\nb\n", "a\r\nb", "x\r\ny", b"x\ny\n"),
        (b"a\rb\r", "a\nb\n", "x\ny\nz\n", b"x\ry\rz\r"),
        (b"a\r\nb\nc\n", "a\nb\nc", "a\nb\nx\nc", b"a\r\nb\nx\nc\n"),
        (b"a\r\nb\nc\n", "a", "x\na", b"x\r\na\r\nb\nc\n"),
        (b"10%\r20%\rdone\nb\n", "done", "end\nof it", b"10%\r20%\rend\nof it\nb\n"),
        (b"a\r\r\nb\r\n", "b", "x", b"a\r\r\nx\r\n"),
        (b"a\nb", "b", "c", b"a\nc"),
        (b"a", "a", "b\nc", b"b\nc"),
        (b"a\r\nb", "b", "b\nc", b"a\r\nb\r\nc"),
        (b"a\nb\n", "b\n", "", b"a\n"),
        (b"a\nb\n", "\n", "", b""),
        ("naïve\r\n".encode("utf-16-le"), "naïve", "x", b""),
    ],
)
async def test_line_ends_stay_as_they_are_and_new_ones_are_like_those_around_them(
    files: Door, root: Path, content: bytes, old: str, new: str, expected: bytes
) -> None:
    (root / "a").write_bytes(content)
    outcome = await files.edit("a", old, new)
    if expected:
        assert outcome.ok, outcome.text
        assert (root / "a").read_bytes() == expected
    else:
        assert outcome.status == "tool_error"
        assert (root / "a").read_bytes() == content


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "latin-1"]
)
async def test_a_file_keeps_its_encoding_and_its_mark(files: Door, root: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    (root / "a").write_bytes(f"{mark}naïve\r\ncafé".encode(encoding))
    assert (await files.edit("a", "naïve\ncafé", "naïf\nthé")).ok
    assert (root / "a").read_bytes() == f"{mark}naïf\r\nthé".encode(encoding)


async def test_a_character_that_the_encoding_has_not_is_refused_by_name(files: Door, root: Path) -> None:
    (root / "a").write_bytes("café\n".encode("latin-1"))
    outcome = await files.edit("a", "café", "5 €")
    assert outcome.status == "tool_error"
    assert "latin-1, which has no '€' (U+20AC)" in outcome.text
    assert "half a character" in (await files.edit("notes.txt", "inside", "\ud83d")).text
    assert (root / "a").read_bytes() == "café\n".encode("latin-1")


async def test_several_places_are_an_error_with_their_lines_unless_all_are_meant(files: Door, root: Path) -> None:
    (root / "a").write_text("x = 1\ny = 2\nx = 1\n")
    refused = await files.edit("a", "x = 1", "x = 3")
    assert refused.status == "tool_error"
    assert "at lines 1, 3;" in refused.text
    assert "replace_all=true" in refused.text
    done = await files.edit("a", "x = 1", "x = 3", replace_all=True)
    assert done.text.startswith("a: 2 places, the first at line 1\n")
    assert (root / "a").read_text() == "x = 3\ny = 2\nx = 3\n"


async def test_places_that_overlap_are_several(files: Door, root: Path) -> None:
    (root / "a").write_text("aaa\n")
    assert "more than once" in (await files.edit("a", "aa", "b")).text
    assert (await files.edit("a", "aa", "b", replace_all=True)).ok
    assert (root / "a").read_text() == "ba\n"


async def test_of_very_many_places_only_the_first_are_named(files: Door, root: Path) -> None:
    (root / "a").write_text("x\n" * 50)
    assert "at lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …;" in (await files.edit("a", "x", "y")).text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("if  a:\n  return 1", "if b:\n  return 1", "    if b:\n        return 1\n"),
        ("if a:\n    return 1\n", "if a:\n    x = 0\n    return x\n", "    if a:\n        x = 0\n        return x\n"),
        ("\tif a:\n\t\treturn 1", "\tif a:\n\t\tif b:\n\t\t\treturn 0\n\t\treturn 1",
         "    if a:\n        if b:\n            return 0\n        return 1\n"),
        ("\n\nif a:\n   return 1   \n\n", "\n\nif c:\n   return 1\n\n", "    if c:\n        return 1\n"),
        ("        if a:\n            return 1", "        if a:\n            return 1\n        else:\n            pass",
         "    if a:\n        return 1\n    else:\n        pass\n"),
        ("if a: \r\n return 1\r\n", "", ""),
        ("      if a:\n          return 1", "return 0", "return 0\n"),
    ],
)  # fmt: skip
async def test_lines_that_differ_in_white_space_match_and_what_is_new_is_indented_like_them(
    files: Door, root: Path, old: str, new: str, expected: str
) -> None:
    (root / "a.py").write_text(PYTHON)
    outcome = await files.edit("a.py", old, new)
    assert outcome.ok, outcome.text
    assert "only the white space was not as in old_string" in outcome.text
    assert (root / "a.py").read_text() == PYTHON.replace("    if a:\n        return 1\n", expected)


async def test_blanks_stand_for_the_tabs_of_a_file(files: Door, root: Path) -> None:
    (root / "a.go").write_text("func f() {\n\tif a {\n\t\treturn\n\t}\n}\n")
    old = "    if a {\n        return\n    }"
    new = "    if a {\n        if b {\n            return\n        }\n    }"
    assert (await files.edit("a.go", old, new)).ok
    assert (root / "a.go").read_text() == "func f() {\n\tif a {\n\t\tif b {\n\t\t\treturn\n\t\t}\n\t}\n}\n"


async def test_a_line_that_stays_keeps_its_own_white_space(files: Door, root: Path) -> None:
    (root / "a").write_bytes(b"one   \r\n\ttwo  = 2\r\nthree\r\n")
    assert (await files.edit("a", "one\ntwo = 2\nthree", "one\ntwo = 2\n3")).ok
    assert (root / "a").read_bytes() == b"one   \r\n\ttwo  = 2\r\n3\r\n"


async def test_an_exact_match_wins_over_one_that_differs_in_white_space(files: Door, root: Path) -> None:
    (root / "a").write_text("x  = 1\nx = 1\n")
    assert (await files.edit("a", "x = 1", "x = 2")).ok
    assert (root / "a").read_text() == "x  = 1\nx = 2\n"


async def test_a_tolerant_match_must_be_the_only_one_too(files: Door, root: Path) -> None:
    (root / "a").write_text("  x = 1\n\tx = 1\ny\n")
    refused = await files.edit("a", "x  = 1", "x = 2")
    assert "white space more than once, at lines 1, 2;" in refused.text
    assert (await files.edit("a", "x  = 1", "x  = 2", replace_all=True)).ok
    assert (root / "a").read_text() == "  x  = 2\n\tx  = 2\ny\n"


@pytest.mark.parametrize("old", [" \n", "\t", "\n\n\n", "     "])
async def test_white_space_alone_is_never_matched_tolerantly(files: Door, root: Path, old: str) -> None:
    (root / "a").write_text("one\n\ntwo\n")
    assert "is not in this file" in (await files.edit("a", old, "x")).text


async def test_a_part_of_a_line_is_not_matched_tolerantly(files: Door, root: Path) -> None:
    (root / "a").write_text("value = f(a,  b)\n")
    assert "is not in this file" in (await files.edit("a", "f(a, b)", "x")).text


@pytest.mark.parametrize(
    ("old", "shown"),
    [
        ("    if a:\n        return 9\n    return 2", ["     2\t    if a:", "     3\t        return 1"]),
        ("        retrun 1", ["     3\t        return 1"]),
        ("     3\t        return 1", ["leave out the numbers and tabs"]),
        ("nothing like it at all", ["see with `read`"]),
    ],
)
async def test_what_is_not_found_is_answered_with_what_is_nearest(
    files: Door, root: Path, old: str, shown: list[str]
) -> None:
    (root / "a.py").write_text(PYTHON)
    outcome = await files.edit("a.py", old, "x")
    assert outcome.status == "tool_error"
    assert outcome.text.startswith("a.py: old_string is not in this file; ")
    assert [part for part in shown if part not in outcome.text] == []
    assert (root / "a.py").read_text() == PYTHON


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "x", "old_string is empty"),
        ("inside", "inside", "are the same"),
        ("root\n", "root\r\n", "but for the line ends"),
    ],
)
async def test_an_edit_that_is_none_is_an_error_that_says_what_to_do(
    files: Door, old: str, new: str, said: str
) -> None:
    outcome = await files.edit("notes.txt", old, new)
    assert outcome.status == "tool_error"
    assert said in outcome.text
    assert ";" in outcome.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"inside \0", "binary data"),
        (b"%PDF-1.7 inside", "a PDF document"),
        (b"GIF89a inside", "image/gif"),
        (b"\xff\xfeinside\0\xdc", "UTF-16"),
        (b"inside \xe9 \x01", "binary data"),
    ],
)
async def test_what_is_no_text_is_not_edited(files: Door, root: Path, content: bytes, said: str) -> None:
    (root / "a").write_bytes(content)
    outcome = await files.edit("a", "inside", "x")
    assert outcome.status == "tool_error"
    assert said in outcome.text
    assert (root / "a").read_bytes() == content


@pytest.mark.parametrize("path", ["../secret.txt", "link", "out/secret.txt", "/etc/passwd", "missing", "sub", "loop"])
async def test_a_file_elsewhere_is_not_edited_nor_shown(files: Door, root: Path, path: str) -> None:
    for old in (CANARY, "root", "x"):
        outcome = await files.edit(path, old, "y")
        assert outcome.status == "tool_error"
        assert CANARY not in outcome.text
        with pytest.raises(ToolError):
            preview_of(files, "edit", path=path, old_string=old, new_string="y")
    assert (root.parent / "secret.txt").read_text() == f"{CANARY}\n"


def test_what_is_asked_shows_the_same_difference_and_changes_nothing(files: Door, root: Path) -> None:
    shown = preview_of(files, "edit", path="notes.txt", old_string="inside", new_string="outside")
    assert shown == f"notes.txt: 1 place, at line 1\n@@ -1,1 +1,1 @@\n-{INSIDE}\n+outside of the root"
    assert (root / "notes.txt").read_text() == f"{INSIDE}\n"
    with pytest.raises(ToolError, match="not in this file"):
        preview_of(files, "edit", path="notes.txt", old_string="nowhere", new_string="x")


async def test_more_than_ten_mebibytes_are_not_edited_nor_come_of_an_edit(files: Door, root: Path) -> None:
    (root / "many").write_bytes(b"x " * 90_000)
    with (root / "vast").open("wb") as vast:
        vast.write(b"inside\n")
        vast.truncate(2**30)
    assert "are more than" in (await files.edit("vast", "inside", "x")).text
    assert "are more than" in (await files.edit("many", "x", "y" * 1000, replace_all=True)).text
    assert (root / "many").read_bytes() == b"x " * 90_000


async def test_more_than_a_hundred_thousand_places_are_refused(files: Door, root: Path) -> None:
    (root / "many").write_bytes(b"xy" * 100_001)
    assert "more than 100000 places" in (await files.edit("many", "x", "z", replace_all=True)).text


async def test_many_places_in_one_long_line_are_changed_and_the_answer_keeps_to_its_limit(root: Path) -> None:
    (root / "line").write_bytes(b"ab" * 90_000 + b"\n")
    (root / "lines").write_bytes(b"a\n" * 90_000)
    files = door(root, output_bytes=2000)
    for path, content in (("line", b"x\nb" * 90_000 + b"\n"), ("lines", b"x\n\n" * 90_000)):
        outcome = await files.edit(path, "a", "x\n", replace_all=True)
        assert outcome.ok
        assert len(outcome.text.encode()) <= 2000
        assert "left out" not in outcome.text
        assert (root / path).read_bytes() == content


LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=8)
WRITTEN = [
    ("utf-8", ""),
    ("utf-8", "\ufeff"),
    ("utf-16-le", "\ufeff"),
    ("utf-16-be", "\ufeff"),
    ("utf-32-le", "\ufeff"),
]


@given(
    before=st.lists(LINES, max_size=4),
    old=st.lists(LINES, min_size=1, max_size=3),
    new=st.lists(LINES, min_size=1, max_size=3),
    after=st.lists(LINES, max_size=4),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    written=st.sampled_from(WRITTEN),
)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_edited_to_the_byte_and_then_read(
    root: Path,
    before: list[str],
    old: list[str],
    new: list[str],
    after: list[str],
    end: str,
    written: tuple[str, str],
) -> None:
    codec, mark = written
    text, piece, other = ("\n".join(each) for each in ([*before, *old, *after], old, new))
    assume(piece and piece != other and text.count(piece) == 1 and text.find(piece) == text.rfind(piece))
    assume(mark or not text.startswith("\ufeff"))
    expected = text.replace(piece, other)
    assume(end != "\r" or "\n" in text)
    assume(not expected.startswith("\ufeff"))
    (root / "any").write_bytes((mark + text.replace("\n", end)).encode(codec))
    # A text without any line end gets those that a new file would have.
    ends = end if "\n" in text else "\n"

    async def edit_and_read() -> None:
        files = door(root, output_bytes=10**6)
        outcome = await files.edit("any", piece, other)
        assert outcome.ok, outcome.text
        assert (root / "any").read_bytes() == (mark + expected.replace("\n", ends)).encode(codec)
        assert [line for _, line in lines_of(await files.read("any"))] == lines_in(expected)

    anyio.run(edit_and_read)


@given(
    content=st.lists(st.sampled_from([b"a", b"b ", b"\n", b"\r\n", b"\r", b"\t", b"\xe9"]), max_size=25),
    old=st.text("ab \n\r\té", min_size=1, max_size=4),
    new=st.text("ab \n\té", max_size=4),
    everywhere=st.booleans(),
)
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_edit_of_anything_changes_lines_that_it_shows_and_no_other(
    root: Path, content: list[bytes], old: str, new: str, *, everywhere: bool
) -> None:
    """The diff of the answer, applied to what was read before, is what is read afterwards."""
    (root / "any").write_bytes(b"".join(content))

    async def edit_and_compare() -> None:
        files = door(root, output_bytes=10**6)
        before = (await files.read("any")).text
        outcome = await files.edit("any", old, new, replace_all=everywhere)
        if not outcome.ok:
            assert (root / "any").read_bytes() == b"".join(content)
            return
        left = (root / "any").read_bytes()
        assume((b"\n" in left) == (b"\n" in b"".join(content)))  # else a lone \r may end lines now and not before
        after = await files.read("any")
        assert patched(read_lines(before), outcome.text.split("\n")[1:]) == read_lines(after.text)

    anyio.run(edit_and_compare)


def read_lines(text: str) -> list[str]:
    """The lines that `read` shows, the last one without its newline if the file's has none."""
    first, *lines = text.split("\n")
    shown = [line.partition("\t")[2] + "\n" for line in lines]
    if "no newline at the end" in first and shown:
        shown[-1] = shown[-1].removesuffix("\n")
    return shown


def patched(old: list[str], diff: list[str]) -> list[str]:
    """What a unified diff makes of some lines; it must fit them."""
    new, at = list[str](), 0
    signed: list[tuple[str, str]] = []
    for line in diff:
        if line.startswith("\\"):
            signed[-1] = (signed[-1][0], signed[-1][1].removesuffix("\n"))
        else:
            signed.append((line[0], f"{line[1:]}\n"))
    for sign, line in signed:
        if sign == "@":
            start, count = map(int, line.split()[1][1:].split(","))
            first = start - 1 if count else start
            new += old[at:first]
            at = first
        elif sign == "+":
            new.append(line)
        else:
            assert old[at] == line
            at += 1
            new += [line] if sign == " " else []
    return new + old[at:]

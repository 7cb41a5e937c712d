"""`grep` shows the lines that match, in order, within limits, and says what it leaves out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toolkits.search.yard import Door, door, found_in, notes_of, write
from toolyard_toolkits.search.blocks import CHUNK, LONGEST_LINE, blocks
from toolyard_toolkits.search.matching import Matches
from toolyard_toolkits.search.patterns import Pattern

pytestmark = pytest.mark.anyio


async def test_each_file_comes_once_in_the_order_of_the_paths_with_its_lines(search: Door, root: Path) -> None:
    write(
        root, {"notes.txt": "alpha\nbeta\nalpine\n", "a/b": "alpha", "a-b": "x\nalpha", "a/a": "beta", "Z": "alpha\n"}
    )
    outcome = await search.grep("alp.")
    assert outcome.text.split("\n") == [
        "5 matching lines in 4 files",
        *("Z", "1:alpha"),
        *("a/b", "1:alpha"),
        *("a-b", "2:alpha"),
        *("notes.txt", "1:alpha", "3:alpine"),
    ]


async def test_a_search_stays_below_its_path_and_shows_paths_that_read_takes(search: Door, root: Path) -> None:
    write(root, {"a/b/c": "alpha", "a/d": "alpha", "e": "alpha"})
    for path in ("a/b", "a/b/", "./a//b", "a/b/c"):
        assert found_in(await search.grep("alpha", path=path)) == ["a/b/c", "1:alpha"]


async def test_a_glob_chooses_files_in_every_folder_or_below_some(search: Door, root: Path) -> None:
    write(root, dict.fromkeys(("a.py", "a.txt", "b/c.py", "b/d/e.py", "b/d/e.pyi", "x/b/d.py"), "alpha"))

    async def found(glob: str) -> list[str]:
        return found_in(await search.grep("alpha", glob=glob))[::2]

    assert await found("*.py") == ["a.py", "b/c.py", "b/d/e.py", "x/b/d.py"]
    assert await found("*.{py,pyi}") == ["a.py", "b/c.py", "b/d/e.py", "b/d/e.pyi", "x/b/d.py"]
    assert await found("b/**/*.py") == ["b/c.py", "b/d/e.py"]
    assert await found("b/") == ["b/c.py", "b/d/e.py", "b/d/e.pyi"]
    assert await found("d.py") == ["x/b/d.py"]


async def test_context_is_shown_around_each_match_with_a_gap_between_what_is_apart(search: Door, root: Path) -> None:
    write(root, {"a": "".join(f"line {number}\n" for number in range(1, 21))})
    assert found_in(await search.grep("line (3|4|9|20)$", context=2)) == [
        "a",
        *("1-line 1", "2-line 2", "3:line 3", "4:line 4", "5-line 5", "6-line 6", "7-line 7", "8-line 8", "9:line 9"),
        *("10-line 10", "11-line 11", "--", "18-line 18", "19-line 19", "20:line 20"),
    ]


async def test_context_is_whole_where_a_file_is_read_in_pieces(search: Door, root: Path) -> None:
    lines = [f"{number:09}" for number in range(1, CHUNK // 10 * 3)]
    write(root, {"a": "\n".join(lines) + "\n"})
    edge = CHUNK // 10
    for middle in (edge - 1, edge, edge + 1, edge + 2):
        outcome = await search.grep(f"{middle:09}", context=3)
        expected = [f"{n}{':' if n == middle else '-'}{n:09}" for n in range(middle - 3, middle + 4)]
        assert found_in(outcome) == ["a", *expected]


async def test_case_is_ignored_when_that_is_asked_for(search: Door, root: Path) -> None:
    write(root, {"a": "ALPHA\nÉCOLE\n"})
    assert found_in(await search.grep("alpha|école")) == []
    assert found_in(await search.grep("alpha|école", ignore_case=True)) == ["a", "1:ALPHA", "2:ÉCOLE"]
    assert found_in(await search.grep("(?i)alpha")) == ["a", "1:ALPHA"]


@pytest.mark.parametrize(
    ("content", "pattern", "found"),
    [
        (b"one\r\ntwo\r\n", "e$", ["1:one"]),
        (b"one\r\ntwo\r\n", "^two$", ["2:two"]),
        (b"\r\n\r\nx", "^$", ["1:", "2:"]),
        (b"a\n\nb\n", "^$", ["2:"]),
        (b"a\n", "^$", []),
        (b"", "^", []),
        (b"a\nb", "(?s)a.b|a[^x]b|a\\sb", []),
        (b"a\nb", "\\Aa\\z", ["1:a"]),
        (b"x\nb", "\\Ab", ["2:b"]),
        (b"\xef\xbb\xbfalpha\n", "^alpha", ["1:alpha"]),
        ("alpha\nbeta\n".encode("utf-16"), "^beta$", ["2:beta"]),
        (b"caf\xe9 noir\n", "noir", ["1:caf\N{REPLACEMENT CHARACTER} noir"]),
        ("😀é\n".encode(), "^..$", ["1:😀é"]),
        (b"a\tb\n", "\\t", ["1:a\tb"]),
    ],
)
async def test_lines_are_what_they_are_elsewhere(
    search: Door, root: Path, content: bytes, pattern: str, found: list[str]
) -> None:
    write(root, {"0": "", "a": content})
    assert found_in(await search.grep(pattern, glob="a")) == (["a", *found] if found else [])


@pytest.mark.parametrize(
    "content", [b"alpha\0", b"alpha\n" + b"x\n" * CHUNK + b"\0", b"\0alpha", "alpha".encode("utf-16-le")]
)
async def test_a_file_with_a_null_byte_is_not_searched(search: Door, root: Path, content: bytes) -> None:
    write(root, {"0": "", "binary": content})
    assert found_in(await search.grep("a")) == []
    outcome = await search.grep("a", path="binary")
    assert outcome.status == "tool_error"
    assert "binary" in outcome.text


async def test_a_long_line_is_shown_around_its_match(search: Door, root: Path) -> None:
    write(root, {"a": "x" * 2000 + "alphaé" + "é" * 2000 + "\nalpha" + "y" * 1000})
    outcome = await search.grep("alpha")
    path, first, second = found_in(outcome)
    assert path == "a"
    assert first.startswith("1:…xxx")
    assert "xalphaéé" in first
    assert first.endswith("é…")
    assert second.startswith("2:alphayyy")
    assert second.endswith("y…")
    assert len(first.encode()) < 520
    assert any("read" in note for note in notes_of(outcome))


async def test_of_a_line_longer_than_a_megabyte_the_first_is_searched(search: Door, root: Path) -> None:
    write(root, {"a": b"x" * (LONGEST_LINE - 5) + b"early late\n" + b"x" * 3 * LONGEST_LINE + b"\nnext\n"})
    assert len(found_in(await search.grep("early"))) == 2
    assert found_in(await search.grep("late")) == []
    assert found_in(await search.grep("next")) == ["a", "3:next"]


async def test_no_match_says_how_much_was_searched_and_what_was_passed_over(search: Door, root: Path) -> None:
    write(root, {"a": "x", "b": "x", ".env": "alpha", ".gitignore": "out/\n", "out/c": "alpha", ".git/config": "alpha"})
    outcome = await search.grep("alpha")
    assert outcome.text.startswith("no line matches `alpha`: 2 files searched in the root folder\n")
    hidden, ignored = notes_of(outcome)
    assert "2 hidden entries" in hidden
    assert "1 entry left out by .gitignore" in ignored
    assert "path=" in ignored
    assert found_in(await search.grep("alpha", glob=".*")) == [".env", "1:alpha"]
    assert found_in(await search.grep("alpha", path="out")) == ["out/c", "1:alpha"]


@pytest.mark.parametrize("most", [1, 3, 5])
async def test_as_many_matches_are_shown_as_are_asked_for_and_more_are_told(
    search: Door, root: Path, most: int
) -> None:
    write(root, {"a": "alpha\n" * 2, "b": "alpha\n" * 3})
    outcome = await search.grep("alpha", max_matches=most)
    assert outcome.text.startswith(f"{most} matching line")
    assert sum(line.endswith(":alpha") for line in found_in(outcome)) == most
    assert bool(notes_of(outcome)) == (most < 5)
    assert all(f"max_matches={most}" in note and "glob=" in note for note in notes_of(outcome))


async def test_lines_after_the_last_match_that_is_shown_are_whole_and_hold_no_other_match(
    search: Door, root: Path
) -> None:
    write(root, {"a": "alpha\n1\n2\n3\nalpha\n5\n"})
    assert found_in(await search.grep("alpha", max_matches=1, context=2)) == ["a", "1:alpha", "2-1", "3-2"]


async def test_an_answer_keeps_to_the_bytes_of_the_profile_in_whole_lines(root: Path) -> None:
    write(root, {"a": "alpha é\n" * 5000})
    for size in (1000, 3000):
        outcome = await door(root, output_bytes=size).grep("alpha", max_matches=10_000)
        assert len(outcome.text.encode()) <= size
        assert {line.partition(":")[2] for line in found_in(outcome)[1:]} == {"alpha é"}
        assert any("narrow" in note for note in notes_of(outcome))


async def test_an_answer_that_has_no_room_at_all_does_not_say_that_nothing_was_found(root: Path) -> None:
    write(root, {"a": "alpha\n"})
    outcome = await door(root, output_bytes=100).grep("alpha")
    assert "no line matches" not in outcome.text


LINES = st.lists(st.sampled_from(["", "a", "b", "ab", "aab", "c\r", "\r", "é", "a b"]), max_size=30)


@given(lines=LINES, pattern=st.sampled_from(["a", "^", "$", "^$", "b$", "\\b", "a*", "[^a]", "\\s", "(?:)", "é|^a"]))
@settings(max_examples=200, deadline=None)
def test_a_block_is_searched_as_each_of_its_lines_would_be(lines: list[str], pattern: str) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    compiled = Pattern.of(pattern)
    matches = Matches(regexp=compiled.regexp, context=0, most=100)
    for block in blocks(io.BytesIO(text)):
        matches.feed(block)
    assert list(matches.lines) == [n for n, line in enumerate(lines, 1) if compiled.regexp.search(line.encode())]


@given(
    sizes=st.lists(st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, LONGEST_LINE + 1]), max_size=5),
    ended=st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_blocks_are_all_the_lines_of_a_file(sizes: list[int], *, ended: bool) -> None:
    lines = [bytes([97 + number]) * size for number, size in enumerate(sizes)]
    content = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    found: list[bytes] = []
    for block in blocks(io.BytesIO(content)):
        assert block.first == len(found) + 1
        found += block.text.split(b"\n")
        assert block.last == len(found)
    whole = lines if ended or not lines or lines[-1] else lines[:-1]
    assert found == [line[:LONGEST_LINE] for line in whole]

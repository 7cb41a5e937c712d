"""`read` shows a text with its line numbers, in whole lines, and says what it leaves out."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.toolkits.files.yard import Door, door, frame_of, lines_of
from toolyard_kernel.calls.context import CallState, ToolContext
from toolyard_kernel.errors import ToolError

pytestmark = pytest.mark.anyio

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def lines_in(text: str) -> list[str]:
    """Lines as grep and git count them; in a text without any of those, as an old Mac did."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    text = text.replace("\r", "\n") if "\n" not in text else text
    return text.removesuffix("\n").split("\n") if text else []


async def test_a_file_is_shown_with_line_numbers_and_its_true_size(files: Door, root: Path) -> None:
    (root / "notes.txt").write_text("alpha\nbeta\n")
    outcome = await files.read("notes.txt")
    assert outcome.text == "notes.txt: 2 lines, 11 bytes\n     1\talpha\n     2\tbeta"


async def test_an_empty_file_is_no_error(files: Door, root: Path) -> None:
    (root / "empty").touch()
    assert (await files.read("empty")).text == "empty: 0 lines, 0 bytes"
    assert (await files.read("empty", start_line=1, end_line=5)).text == "empty: 0 lines, 0 bytes"


async def test_a_missing_last_newline_is_told(files: Door, root: Path) -> None:
    (root / "a").write_text("one")
    assert (await files.read("a")).text == "a: 1 line, 3 bytes, no newline at the end\n     1\tone"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({"start_line": 1}, 1, 10),
        ({"start_line": 4}, 4, 10),
        ({"end_line": 3}, 1, 3),
        ({"start_line": 4, "end_line": 6}, 4, 6),
        ({"start_line": 10, "end_line": 10}, 10, 10),
        ({"start_line": 9, "end_line": 99}, 9, 10),
        ({"start_line": None, "end_line": None}, 1, 10),
    ],
)
async def test_a_range_shows_these_lines_and_says_of_how_many(
    files: Door, root: Path, asked: dict[str, int | None], first: int, last: int
) -> None:
    (root / "ten").write_text("".join(f"line {n}\n" for n in range(1, 11)))
    outcome = await files.read("ten", **asked)
    assert lines_of(outcome) == [(n, f"line {n}") for n in range(first, last + 1)]
    shown = "10 lines" if last - first == 9 else f"lines {first}-{last} of 10"
    assert frame_of(outcome) == (f"ten: {shown}, 71 bytes", "")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"start_line": 3}, "2 lines, so there is no line 3"),
        ({"start_line": 5, "end_line": 4}, "end_line=4 comes before start_line=5"),
        ({"start_line": 0}, "start_line"),
        ({"end_line": -1}, "end_line"),
    ],
)
async def test_a_range_that_cannot_be_is_an_error_that_says_why(
    files: Door, root: Path, asked: dict[str, int], said: str
) -> None:
    (root / "two").write_text("one\ntwo\n")
    outcome = await files.read("two", **asked)
    assert outcome.status == "tool_error"
    assert said in outcome.text


async def test_a_long_file_stops_at_a_whole_line_and_says_where_to_read_on(root: Path) -> None:
    (root / "long").write_text("".join(f"this is line {n}\n" for n in range(1, 5001)))
    files, seen, start = door(root, output_bytes=20_000), list[tuple[int, str]](), 1
    while start <= 5000:
        outcome = await files.read("long", start_line=start)
        assert len(outcome.text.encode()) <= 20_000
        seen += lines_of(outcome)
        assert f"lines {start}-{len(seen)} of 5000" in frame_of(outcome)[0]
        start = len(seen) + 1
        assert f"start_line={start}" in frame_of(outcome)[1] or start > 5000
    assert seen == [(n, f"this is line {n}") for n in range(1, 5001)]


async def test_a_range_that_is_too_long_says_how_to_get_the_rest_of_it(root: Path) -> None:
    (root / "long").write_text("x" * 99 + "\n" + ("y" * 99 + "\n") * 999)
    outcome = await door(root, output_bytes=2000).read("long", start_line=10, end_line=500)
    last, _ = lines_of(outcome)[-1]
    assert 10 < last < 30
    assert f"start_line={last + 1}, end_line=500" in frame_of(outcome)[1]


async def test_a_line_that_is_too_long_by_itself_is_cut_and_the_next_one_can_be_read(root: Path) -> None:
    (root / "wide").write_text("é" * 50_000 + "\nnext\n")
    files = door(root, output_bytes=2000)
    outcome = await files.read("wide")
    (number, line), said = lines_of(outcome)[0], frame_of(outcome)
    shown, _, note = line.partition(" [… ")
    assert number == 1
    assert set(shown) == {"é"}
    assert note == f"{50_000 - len(shown)} more characters in this line]"
    assert 1000 < len(outcome.text.encode()) <= 2000
    assert "lines 1-1 of 2" in said[0]
    assert "start_line=2" in said[1]
    assert lines_of(await files.read("wide", start_line=2)) == [(2, "next")]


async def test_a_last_line_that_is_cut_promises_no_further_one(root: Path) -> None:
    (root / "wide").write_text("x" * 50_000)
    files = door(root, output_bytes=2000)
    assert "start_line" not in (await files.read("wide")).text
    (root / "wide").write_text("x" * 50_000 + "\nnext\n")
    assert "start_line" not in (await files.read("wide", start_line=1, end_line=1)).text


@pytest.mark.parametrize("limit", [1, 50, 300, 450])
async def test_a_limit_too_small_for_anything_still_makes_an_answer(root: Path, limit: int) -> None:
    assert (await door(root, output_bytes=limit).read("notes.txt")).ok


async def test_reading_stops_when_its_call_is_over(files: Door) -> None:
    entry = files.gate.registry.find("read")
    assert entry
    state = CallState(cancelled=True)
    ctx = ToolContext(caller=files.caller, call_id="1", tool="read", state=state)
    with pytest.raises(ToolError, match="stopped"):
        entry.tool.handler(entry.parse({"path": "notes.txt"}), ctx)


@given(text=TEXTS)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_without_its_numbers_any_text_is_what_was_in_the_file(root: Path, text: str) -> None:
    (root / "any").write_bytes(text.encode())
    outcome = anyio.run(lambda: door(root, output_bytes=10**6).read("any"))
    assert lines_of(outcome) == list(enumerate(lines_in(text), 1))
    assert f"{len(lines_in(text))} line" in frame_of(outcome)[0]
    assert f"{len(text.encode())} bytes" in frame_of(outcome)[0]


@given(text=st.lists(st.text(st.sampled_from("aé€😀\r\t"), max_size=200), max_size=60).map("\n".join))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_page_by_page_any_text_is_what_was_in_the_file(root: Path, text: str) -> None:
    """Each page keeps to the limit by itself, so that the gate never has to cut one."""
    (root / "any").write_bytes(f"\n{text}".encode())
    expected = lines_in(f"\n{text}")

    async def read_all() -> list[tuple[int, str]]:
        files, seen = door(root, output_bytes=1500), list[tuple[int, str]]()
        while len(seen) < len(expected):
            outcome = await files.read("any", start_line=len(seen) + 1)
            assert len(outcome.text.encode()) <= 1500
            assert "left out" not in outcome.text
            seen += lines_of(outcome)
        return seen

    assert anyio.run(read_all) == list(enumerate(expected, 1))

"""From what a handler returns to content within the caller's limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel

from toolyard_kernel.calls import results
from toolyard_kernel.calls.results import MEDIA_BYTES
from toolyard_kernel.content import Audio, Content, EmbeddedResource, Image, JsonObject, ResourceLink, Text, ToolResult
from toolyard_kernel.errors import ToolError
from toolyard_kernel.tools.schemas import Schema

PLENTY = 10_000
PROMISE = Schema({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}, of="the schema")


class Point(BaseModel):
    x: int
    y: int = Field(default=0, serialization_alias="upwards")


class Numbers(RootModel[list[int]]):
    pass


@dataclass
class Size:
    width: int


def as_result(value: Any, output: Schema | None, limit: int) -> ToolResult:
    """The result as a caller with this limit is told it."""
    result = results.as_result(value, output)
    if results.is_within(result, limit):
        return result
    return results.shortened(result, limit, promised=output is not None)


def text_of(value: Any, limit: int = PLENTY) -> str:
    (block,) = as_result(value, None, limit).content
    assert isinstance(block, Text)
    return block.text


@pytest.mark.parametrize(
    ("value", "text", "structured"),
    [
        ("plain", "plain", None),
        ("", "", None),
        (7, "7", None),
        (True, "true", None),
        ([1, "a", None], '[1,"a",null]', None),
        ([], "[]", None),
        ((1, 2), "[1,2]", None),
        ([Text("x"), "y"], '[{"text":"x"},"y"]', None),
        (math.nan, "null", None),
        (date(2026, 1, 2), '"2026-01-02"', None),
        ({"a": 1, 2: "b"}, '{"a":1,"2":"b"}', {"a": 1, "2": "b"}),
        (
            {"when": date(2026, 1, 2), "n": math.inf},
            '{"when":"2026-01-02","n":null}',
            {"when": "2026-01-02", "n": None},
        ),
        ({}, "{}", {}),
        (Point(x=1), '{"x":1,"upwards":0}', {"x": 1, "upwards": 0}),
        (Numbers([1, 2]), "[1,2]", None),
        (Size(width=3), '{"width":3}', {"width": 3}),
    ],
)
def test_a_value_becomes_text_and_an_object_structured_content_too(
    value: Any, text: str, structured: JsonObject | None
) -> None:
    result = as_result(value, None, PLENTY)
    assert (result.content, result.structured, result.is_error) == ((Text(text),), structured, False)


def test_nothing_becomes_no_content() -> None:
    assert as_result(None, None, PLENTY) == ToolResult()


IMAGE = Image(data=b"png", mime_type="image/png")
SOUND = Audio(data=b"wav", mime_type="audio/wav")
RESOURCE = EmbeddedResource(uri="file:///a", content="text")
LINK = ResourceLink(uri="file:///b", name="b")


SAID = Text("see")


@pytest.mark.parametrize(
    ("value", "blocks"),
    [
        (IMAGE, (IMAGE,)),
        (LINK, (LINK,)),
        ([SAID, IMAGE, SOUND], (SAID, IMAGE, SOUND)),
        ((RESOURCE, LINK), (RESOURCE, LINK)),
    ],
)
def test_blocks_of_content_stay_as_they_are(value: Any, blocks: tuple[Content, ...]) -> None:
    assert as_result(value, None, PLENTY) == ToolResult(content=blocks)


def test_a_result_keeps_its_content_its_structure_and_its_error() -> None:
    both = ToolResult(content=(Text("one"),), structured={"n": 1}, is_error=True)
    assert as_result(both, None, PLENTY) == both
    assert as_result(ToolResult(is_error=True), None, PLENTY) == ToolResult(is_error=True)


def test_a_result_with_structure_only_says_it_as_text_too() -> None:
    result = as_result(ToolResult(structured={"day": date(2026, 1, 2)}), None, PLENTY)
    assert (result.content, result.structured) == ((Text('{"day":"2026-01-02"}'),), {"day": "2026-01-02"})


def test_structure_beside_content_is_made_json() -> None:
    result = as_result(ToolResult(content=(Text("today"),), structured={"day": date(2026, 1, 2)}), None, PLENTY)
    assert (result.content, result.structured) == ((Text("today"),), {"day": "2026-01-02"})


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "value", [object(), {"a": object()}, CYCLE, Size, {"a": "\ud800"}, ToolResult(structured={"a": object()})]
)
def test_what_is_no_json_is_an_error_that_names_its_type(value: Any) -> None:
    with pytest.raises(ToolError, match=r"the tool returned a .* that is not JSON: "):
        as_result(value, None, PLENTY)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"n": "x"}, 'the tool\'s result does not fit its output schema: n: "x" is not of type "integer"'),
        ({}, "the tool's result does not fit its output schema: n: required, but missing"),
        ("text", "the tool promises structured content and returned none"),
        (None, "the tool promises structured content and returned none"),
        (Numbers([1]), "the tool promises structured content and returned none"),
        ({"n": 1, "more": "x" * 100}, "the result has 117 bytes and the limit is 100 (output_bytes): ask for less"),
    ],
)
def test_a_promise_of_structured_content_is_kept_or_an_error(value: Any, message: str) -> None:
    with pytest.raises(ToolError) as broken:
        as_result(value, PROMISE, 100)
    assert str(broken.value) == message


def test_an_error_owes_no_structured_content() -> None:
    failed = ToolResult(content=(Text("no"),), is_error=True)
    assert as_result(failed, PROMISE, PLENTY) == failed
    assert as_result({"n": 1}, PROMISE, PLENTY).structured == {"n": 1}


@pytest.mark.parametrize("size", [99, 100])
def test_text_up_to_the_limit_is_whole(size: int) -> None:
    assert text_of("x" * size, 100) == "x" * size


def test_longer_text_keeps_its_head_its_tail_and_a_count() -> None:
    assert text_of("a" * 60 + "b" * 60, 100) == (
        "a" * 50 + "\n[… 20 of 120 bytes left out: the limit is 100 (output_bytes) …]\n" + "b" * 50
    )


def test_the_limit_is_in_bytes_and_cuts_no_character() -> None:
    assert text_of("ü" * 50, 100) == "ü" * 50
    assert text_of("ü" * 50, 97) == (
        "ü" * 24 + "\n[… 4 of 100 bytes left out: the limit is 97 (output_bytes) …]\n" + "ü" * 24
    )


@given(st.text(), st.integers(1, 40))
def test_no_more_than_the_limit_is_kept_of_any_text(text: str, limit: int) -> None:
    encoded = text.encode(errors="replace")
    shown = text_of(text, limit)
    if len(encoded) <= limit:
        assert shown == encoded.decode()
        return
    head, marker, tail = shown.partition("\n[… ")[0], "\n[… ", shown.rpartition(" …]\n")[2]
    assert marker in shown
    assert len(head.encode()) + len(tail.encode()) <= limit
    assert encoded.startswith(head.encode()) or "\n[… " in text
    assert encoded.endswith(tail.encode())


def test_the_limit_counts_all_text_together_and_leaves_other_blocks() -> None:
    result = as_result([Text("a" * 40), IMAGE, Text("b" * 40)], None, 20)
    first, second = result.content
    assert isinstance(first, Text)
    assert first.text == "a" * 10 + "\n[… 61 of 81 bytes left out: the limit is 20 (output_bytes) …]\n" + "b" * 10
    assert second == IMAGE


def test_an_object_that_is_too_long_loses_its_structure_with_its_text() -> None:
    result = as_result({"a": "x" * 100}, None, 50)
    assert result.structured is None
    assert "of 108 bytes left out" in text_of({"a": "x" * 100}, 50)


def test_structure_that_is_too_long_is_left_out_beside_short_text() -> None:
    value = ToolResult(content=(Text("see"),), structured={"a": "x" * 200}, is_error=True)
    result = as_result(value, None, 150)
    left_out = Text("[structured content of 208 bytes left out: the limit is 150 (output_bytes)]")
    assert result == ToolResult(content=(Text("see"), left_out), is_error=True)


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (Image(data=b"x" * (MEDIA_BYTES + 1), mime_type="image/png"), "image/png"),
        (Audio(data=b"x" * (MEDIA_BYTES + 1), mime_type="audio/wav"), "audio/wav"),
        (EmbeddedResource(uri="file:///a", content=b"x" * (MEDIA_BYTES + 1)), "file:///a"),
    ],
)
def test_media_beyond_any_sense_is_left_out_by_name(block: Any, name: str) -> None:
    assert text_of([block]) == f"[{name} of {MEDIA_BYTES + 1} bytes left out: the limit is {MEDIA_BYTES}]"


def test_lone_surrogates_in_text_become_question_marks() -> None:
    assert text_of("a\ud800b") == "a?b"

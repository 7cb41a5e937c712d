"""From what a handler returned to content within the caller's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import is_dataclass, replace
from typing import Any, cast, get_args

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from toolyard_kernel.content import Audio, Content, EmbeddedResource, Image, JsonObject, Text, ToolResult, unicode_of
from toolyard_kernel.errors import ToolError
from toolyard_kernel.tools.schemas import Schema, as_sentence

BLOCKS = get_args(Content)
MEDIA_BYTES = 8 * 1024 * 1024
"""An image, sound or resource larger than this is left out and named instead."""


def as_result(value: Any, output: Schema | None) -> ToolResult:
    """Turn a handler's return value into content.

    Text passes as it is; an object becomes JSON text and structured content; anything else becomes JSON text.

    Raises:
        ToolError: the value is no JSON, or does not fit `output`.
    """
    if type(value) is str and output is None:  # what most tools return
        return ToolResult(content=(Text(unicode_of(value)),))
    result = _result(value)
    if output and not result.is_error:
        _check(result, output)
    content = tuple(map(_small, result.content))
    return result if content == result.content else replace(result, content=content)


def is_within(result: ToolResult, limit: int) -> bool:
    """Whether the result has at most `limit` bytes of text, and of structured content."""
    texts = [block.text for block in result.content if isinstance(block, Text)]
    # No character takes more than 4 bytes, so most results need not be encoded to be measured.
    if sum(map(len, texts)) * 4 > limit and len(_joined(texts)) > limit:
        return False
    return result.structured is None or len(_json(result.structured)) <= limit


def whole_text(result: ToolResult) -> str:
    """All of the result that is text; of one whose structured content says more, that."""
    texts = _joined([block.text for block in result.content if isinstance(block, Text)])
    structured = b"" if result.structured is None else _json(result.structured)
    return (structured if len(structured) > len(texts) else texts).decode(errors="replace")


def shortened(result: ToolResult, limit: int, *, promised: bool = False, rest: str = "") -> ToolResult:
    """The head and the tail of a result that is longer than `limit` bytes, and how much is missing.

    `promised` says that its structured content cannot be left out; `rest` says where the whole can be read.

    Raises:
        ToolError: what was promised is too long.
    """
    size = 0 if result.structured is None else len(_json(result.structured))
    if promised and not result.is_error and size > limit:
        raise ToolError(
            f"the result has {size} bytes and the limit is {limit} (output_bytes): {rest or 'ask for less'}"
        )
    whole = _joined([block.text for block in result.content if isinstance(block, Text)])
    others = tuple(block for block in result.content if not isinstance(block, Text))
    told = f"; {rest}" if rest else ""
    if len(whole) > limit:
        return ToolResult(content=(Text(head_and_tail(whole, limit, told)), *others), is_error=result.is_error)
    left_out = Text(f"[structured content of {size} bytes left out: the limit is {limit} (output_bytes){told}]")
    return replace(result, content=(*result.content, left_out), structured=None)


def _result(value: Any) -> ToolResult:
    if isinstance(value, ToolResult):
        return _normal(value)
    if value is None:
        return ToolResult()
    if isinstance(value, str):
        return ToolResult(content=(Text(value),))
    if isinstance(value, BLOCKS):
        return ToolResult(content=(cast("Content", value),))
    if isinstance(value, list | tuple) and value and all(isinstance(x, BLOCKS) for x in cast("list[Any]", value)):
        return ToolResult(content=tuple(cast("Sequence[Content]", value)))
    if isinstance(value, dict | BaseModel) or is_dataclass(cast("object", value)):
        return _structured(value)
    return ToolResult(content=(Text(_json(value).decode()),))


def _normal(result: ToolResult) -> ToolResult:
    """With structured content that is JSON, and told as text too when there is no other content."""
    if result.structured is None:
        return result
    made = _structured(result.structured)
    return replace(result, content=result.content or made.content, structured=made.structured)


def _structured(value: Any) -> ToolResult:
    text = _json(value)
    parsed = from_json(text)
    # A model can stand for a list or a number, and structured content is always an object.
    structured = cast("JsonObject", parsed) if isinstance(parsed, dict) else None
    return ToolResult(content=(Text(text.decode()),), structured=structured)


def _json(value: Any) -> bytes:
    try:
        return to_json(value, inf_nan_mode="null", by_alias=True)
    except ValueError as error:
        raise ToolError(f"the tool returned a {type(value).__name__} that is not JSON: {error}") from error


def _check(result: ToolResult, output: Schema) -> None:
    if result.structured is None:
        raise ToolError("the tool promises structured content and returned none")
    if problems := output.problems(result.structured):
        raise ToolError(f"the tool's result does not fit its output schema: {as_sentence(problems)}")


def _joined(texts: Sequence[str]) -> bytes:
    return "\n".join(texts).encode(errors="replace")


def head_and_tail(whole: bytes, limit: int, rest: str = "") -> str:
    """The text, or its beginning and its end within `limit` bytes, and how much is missing between them."""
    if len(whole) <= limit:
        return whole.decode(errors="replace")
    half = limit // 2
    head, tail = whole[:half].decode(errors="ignore"), whole[len(whole) - half :].decode(errors="ignore")
    left_out = len(whole) - len(head.encode()) - len(tail.encode())
    return f"{head}\n[… {left_out} of {len(whole)} bytes left out: the limit is {limit} (output_bytes){rest} …]\n{tail}"


def _small(block: Content) -> Content:
    if isinstance(block, Text):
        return block if block.text.isascii() else Text(unicode_of(block.text))
    if isinstance(block, Image | Audio):
        size, kind = len(block.data), block.mime_type
    elif isinstance(block, EmbeddedResource):
        size, kind = len(block.content), block.uri
    else:
        return block
    return block if size <= MEDIA_BYTES else Text(f"[{kind} of {size} bytes left out: the limit is {MEDIA_BYTES}]")

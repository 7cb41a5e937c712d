"""What no JSON reader would take ends one answer at most, never the server."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from mcp import Client, MCPError

from tests.server.yards import ERAS, Yard, text_of, write_yard

pytestmark = pytest.mark.anyio

TOOLS = r'''
from mcp import MCPError
from toolyard import ToolContext, resource, tool

ODD = "bad" + chr(0xD800)

@tool
def raises() -> str:
    """Raises."""
    raise ValueError(ODD)

@tool
async def reports(ctx: ToolContext) -> str:
    """Reports."""
    await ctx.progress(1, 2, ODD)
    return ODD

@tool
def speaks_mcp() -> str:
    """Answers what is no JSON."""
    raise MCPError(-32000, "no", object())

@resource("odd://text")
def odd() -> str:
    """Odd."""
    return ODD
'''


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return write_yard(tmp_path, TOOLS)


@pytest.mark.parametrize("mode", ERAS)
async def test_half_a_surrogate_pair_is_told_as_a_question_mark(yard: Yard, mode: str) -> None:
    heard: list[str | None] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    with anyio.fail_after(60):
        async with Client(yard.stdio(), mode=mode) as client:
            assert text_of(await client.call_tool("raises", {})) == "ValueError: bad?"
            assert text_of(await client.call_tool("reports", {}, progress_callback=hear)) == "bad?"
            assert "bad?" in str(await client.read_resource("odd://text"))
    assert heard == ["bad?"]


@pytest.mark.parametrize("mode", ERAS)
async def test_an_answer_that_is_no_json_is_an_error_and_the_next_call_works(yard: Yard, mode: str) -> None:
    with anyio.fail_after(60):
        async with Client(yard.stdio(), mode=mode) as client:
            with pytest.raises(MCPError):
                await client.call_tool("speaks_mcp", {})
            assert text_of(await client.call_tool("raises", {})) == "ValueError: bad?"

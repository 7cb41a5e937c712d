"""Every block of docs/runtime.md runs, in its order, and prints what it says."""

from __future__ import annotations

import ast
import inspect
import io
import json
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client

from toolyard import Runtime, mcp

pytestmark = pytest.mark.anyio

PAGE = (Path(__file__).parents[2] / "docs/runtime.md").read_text()
SHOP, *BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(ANSWERING,) = [block for block in BLOCKS if "__main__" in block]


@dataclass(slots=True)
class Reader:
    """Somebody who pastes one block after the other into one program."""

    folder: Path
    names: dict[str, Any] = field(default_factory=dict[str, Any])

    async def paste(self, block: str) -> str:
        printed = io.StringIO()
        code = compile(block, "runtime.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with redirect_stdout(printed):
            made = eval(code, self.names)  # noqa: S307 - running it is the test
            if inspect.iscoroutine(made):
                await made
        return printed.getvalue()

    async def run_beside_a_call_that_waits(self, block: str) -> str:
        (self.folder / "answer.py").write_text(block)
        runtime: Runtime = self.names["runtime"]
        prompt = '{"tool": "withdraw", "arguments": {"product": "mug"}}'
        async for event in runtime.run_specialist("clerk", prompt, thread_id="other"):
            if event["type"] == "approval_required":
                done = await anyio.run_process([sys.executable, "-W", "error", "answer.py"], cwd=self.folder)
                return done.stdout.decode()
        raise AssertionError("nothing was asked")


@pytest.fixture
async def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Reader]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "shop.py").write_text(SHOP)
    reader = Reader(tmp_path)
    try:
        yield reader
    finally:
        sys.modules.pop("shop", None)
        if "runtime" in reader.names:
            await reader.names["runtime"].close()


async def test_the_blocks_print_what_they_say(reader: Reader) -> None:
    with anyio.fail_after(60):
        for block in BLOCKS:
            run = reader.run_beside_a_call_that_waits if block is ANSWERING else reader.paste
            assert (await run(block)).splitlines() == re.findall(r"# → (.*)$", block, re.MULTILINE)


@pytest.mark.parametrize("agent", ["mcp", "clerk"])
@pytest.mark.parametrize("outcome", [True, False, None])
async def test_over_mcp_the_callers_user_is_asked_where_the_client_can(
    *, reader: Reader, agent: str, outcome: bool | None
) -> None:
    for block in BLOCKS[:2]:
        await reader.paste(block)

    async def answer(context: object, params: types.ElicitRequestParams) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content={"approve": outcome})

    arguments = {"product": "cup"}
    call = ("withdraw", arguments)
    if agent == "mcp":
        call = ("ask_clerk", {"prompt": json.dumps({"tool": "withdraw", "arguments": arguments})})
    server = mcp.create_server(reader.names["runtime"], agent=agent)
    with anyio.fail_after(20):
        async with Client(server, elicitation_callback=None if outcome is None else answer) as client:
            result = await client.call_tool(*call)
    text = result.content[0].model_dump()["text"]
    assert ("cup" not in reader.names["prices"]) is (outcome is True), text
    assert ("approval" in text) is (outcome is not True)


async def test_there_is_no_other_kind_of_block() -> None:
    assert len(re.findall(r"^```\w", PAGE, re.MULTILINE)) == 1 + len(BLOCKS)

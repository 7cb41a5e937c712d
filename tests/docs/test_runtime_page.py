"""Every block of docs/runtime.md runs, in its order, and prints what it says."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import mcp_types as types
import pytest
from mcp import Client

from tests.docs.pasting import DOCS, Reader, blocks_of, kinds_of, promised
from toolyard import Runtime, mcp

pytestmark = pytest.mark.anyio

PAGE = (DOCS / "runtime.md").read_text()
SHOP, *BLOCKS = blocks_of(PAGE)
(ANSWERING,) = [block for block in BLOCKS if "__main__" in block]


async def run_beside_a_call_that_waits(reader: Reader, block: str, folder: Path) -> list[str]:
    (folder / "answer.py").write_text(block)
    runtime: Runtime = reader.names["runtime"]
    prompt = '{"tool": "withdraw", "arguments": {"product": "mug"}}'
    async for event in runtime.run_specialist("clerk", prompt, thread_id="other"):
        if event["type"] == "approval_required":
            done = await anyio.run_process([sys.executable, "-W", "error", "answer.py"], cwd=folder)
            return done.stdout.decode().splitlines()
    raise AssertionError("nothing was asked")


@pytest.fixture
async def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Reader]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "shop.py").write_text(SHOP)
    reader = Reader()
    try:
        yield reader
    finally:
        sys.modules.pop("shop", None)
        if "runtime" in reader.names:
            await reader.names["runtime"].close()


async def test_the_blocks_print_what_they_say(reader: Reader, tmp_path: Path) -> None:
    with anyio.fail_after(60):
        for block in BLOCKS:
            waits = block is ANSWERING
            printed = run_beside_a_call_that_waits(reader, block, tmp_path) if waits else reader.paste(block)
            assert await printed == promised(block)


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
    assert kinds_of(PAGE) == ["python"] * (1 + len(BLOCKS))

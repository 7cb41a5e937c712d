"""A server that is killed, or whose disk is full, leaves a ledger that can be believed."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import shutil
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.server.yards import Talk, Yard, talking, write_yard
from toolyard.runtime import ToolRuntime, create_mcp_runtime
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.ledger.files import FileLedger, Keeping
from toolyard_kernel.ledger.reading import read_records
from toolyard_kernel.ledger.verification import verify
from toolyard_kernel.tools.define import define_tool

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio
from toolyard import tool

@tool
async def echo(text: str) -> str:
    """Say it again."""
    await asyncio.sleep(0)
    return text

@tool
def slow(text: str) -> str:
    """Say it again, from a thread."""
    return text
'''
ROUNDS = 4
CALLS = 400
"""More than a server answers before the last round kills it."""


def yard_of(root: Path, ledger: str) -> Yard:
    return write_yard(root, TOOLS, f"python: [my_tools]\nledger: {{{ledger}}}\n")


def ledger_of(yard: Yard) -> Path:
    return Path(yard.env["XDG_STATE_HOME"]) / "toolyard" / "ledger"


async def send_calls(talk: Talk) -> None:
    with suppress(anyio.BrokenResourceError):
        for n in range(CALLS):
            await talk.call(n, "echo" if n % 3 else "slow", {"text": str(n)})


async def answered_before_the_kill(yard: Yard, answers: int) -> set[str]:
    """The calls that a client saw answered, by a server that is killed under load after so many answers."""
    seen: list[dict[str, Any]] = []
    rest = b""
    async with talking(yard) as talk, anyio.create_task_group() as tasks:
        await talk.open()
        tasks.start_soon(send_calls, talk)
        seen += [await talk.line() for _ in range(answers)]
        talk.process.kill()
        rest += b"".join([chunk async for chunk in talk.out])
        tasks.cancel_scope.cancel()
    seen += map(json.loads, rest[: rest.rfind(b"\n") + 1].splitlines())
    return {str(message["id"]) for message in seen}


@pytest.mark.parametrize("ledger", ["", "rotate_bytes: 4096", "rotate_bytes: 4096, sync: always"])
async def test_a_ledger_verifies_whenever_its_server_was_killed_and_has_every_call_that_was_answered(
    tmp_path: Path, ledger: str
) -> None:
    yard, chance = yard_of(tmp_path, ledger), random.Random(ledger)  # noqa: S311 - the same rounds every time
    for _ in range(ROUNDS):
        answered = await answered_before_the_kill(yard, chance.randrange(250))
        assert verify(ledger_of(yard)).problems == ()
        records = [record for record in yard.records() if "text" in record.get("arguments", {})]
        assert answered <= {record["arguments"]["text"] for record in records}
        ended = {record["call_id"] for record in yard.records() if record["event"] == "end"}
        assert answered <= {record["arguments"]["text"] for record in records if record["call_id"] in ended}
        shutil.rmtree(ledger_of(yard))


@pytest.fixture
def disk() -> Generator[Callable[[int], None]]:
    """Make the disk full: no file of this process grows beyond so many bytes; -1 makes room again."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size if size >= 0 else before, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def runtime_of(state: Path, keeping: Keeping, ran: list[int]) -> ToolRuntime:
    async def act(arguments: Any, ctx: ToolContext) -> str:
        ran.append(arguments["n"])
        await asyncio.sleep(0)
        return "done"

    tool = define_tool(name="act", description="", input_schema={"type": "object"}, handler=act)
    return create_mcp_runtime(tools=[tool], ledger=FileLedger(state, keeping))


async def call(runtime: ToolRuntime, n: int) -> str:
    outcome = await runtime.gate("mcp").call(ToolCall(tool="act", arguments={"n": n}), runtime.caller("me"))
    return outcome.status


@pytest.mark.parametrize("keeping", [Keeping(rotate_bytes=4096), Keeping(rotate_bytes=4096, sync="always")])
async def test_calls_at_once_rotate_the_ledger_and_lose_nothing(tmp_path: Path, keeping: Keeping) -> None:
    ran: list[int] = []
    runtime = runtime_of(tmp_path, keeping, ran)
    async with runtime.lifespan():
        assert set(await asyncio.gather(*(call(runtime, n) for n in range(100)))) == {"ok"}
    verdict = verify(tmp_path / "ledger")
    assert (verdict.problems, verdict.notes, verdict.unknown, verdict.calls) == ((), (), (), 100)
    assert verdict.files > 10


async def test_no_call_runs_on_a_full_disk_and_calls_go_on_once_there_is_room(
    tmp_path: Path, disk: Callable[[int], None]
) -> None:
    ran: list[int] = []
    runtime = runtime_of(tmp_path, Keeping(), ran)
    async with runtime.lifespan():
        disk(5000)
        ended = [await call(runtime, n) for n in range(30)]
        disk(0)
        ended += [await call(runtime, n) for n in range(30, 40)]
        disk(-1)
        ended += [await call(runtime, n) for n in range(40, 50)]
    assert ended[0] == ended[-1] == "ok"
    assert set(ended[30:40]) == {"denied"}
    assert ran == [n for n, status in enumerate(ended) if status == "ok"]
    started = [record["arguments"]["n"] for record in read_records(tmp_path) if record["event"] == "start"]
    assert sorted(started) == ran
    assert verify(tmp_path / "ledger").problems == ()


async def test_a_caller_that_leaves_while_its_record_is_synced_runs_nothing_and_is_recorded(tmp_path: Path) -> None:
    ran: list[int] = []
    runtime = runtime_of(tmp_path, Keeping(sync="always"), ran)
    async with runtime.lifespan():
        leaving = asyncio.ensure_future(call(runtime, 1))
        asyncio.get_running_loop().call_soon(leaving.cancel)
        with pytest.raises(asyncio.CancelledError):
            await leaving
    assert ran == []
    assert [record["event"] for record in read_records(tmp_path)] == ["start", "refusal"]
    assert verify(tmp_path / "ledger").unknown == ()

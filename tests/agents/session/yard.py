"""Agents of real parts, with a model that says what it is told, and a small set of tools."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolyard import Agent, Session, ToolContext, ToolError, tool
from toolyard.testing import FakeModel
from toolyard_agents.messages import Message
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.state.state import State
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.profiles.profile import PermissionProfile

SAFE = 20
"""Seconds until a test that would wait for ever fails instead."""

Call = tuple[str, Mapping[str, Any] | str]
Turn = str | Sequence[Call] | Exception


@tool
async def double(n: int) -> int:
    """Double a number.

    Args:
        n: The number.
    """
    return n * 2


@tool
async def fail(message: str) -> str:
    """Fail.

    Args:
        message: The words of the error.
    """
    raise ToolError(message)


@tool(approval="always")
async def launch(target: str) -> str:
    """Launch at a target; asks first.

    Args:
        target: Where to.
    """
    return f"launched at {target}"


@tool
async def wait(ctx: ToolContext) -> str:
    """Wait for ever."""
    await ctx.progress(1, message="waiting")
    await asyncio.Event().wait()
    return "never"


TOOLS = (double, fail, launch, wait)
CALLS: list[Call] = [("double", {"n": 1}), ("launch", {"target": "moon"}), ("double", {"n": 3})]


def model_of(*turns: Turn) -> FakeModel:
    """A model that answers with each of `turns` in order: a text, calls, or an error."""
    model = FakeModel()
    for turn in turns:
        if isinstance(turn, str):
            model.add_response(turn)
        elif isinstance(turn, Exception):
            model.add_error(turn)
        else:
            model.add_tool_calls(turn)
    return model


def session_of(model: FakeModel, *, tools: Iterable[Any] = TOOLS, profile: PermissionProfile | None = None) -> Session:
    """A session that the program itself runs; `auto_approve` is off. `profile` bounds its caller."""
    agent = Agent(name="tester", model=model, tools=tools)
    caller = Caller(id="python", profile=profile or agent.profile)
    return Session(agent, context=RunContext(caller=caller))


def types_of(result: Any) -> list[str]:
    return [event.type for event in result.events]


def check_history(state: State) -> None:
    """Every call is answered once, right after it was asked for, in order: what Chat Completions takes."""
    waiting: list[str] = []
    for message in state.get_messages():
        if message.role == "tool":
            assert waiting, "an answer to no call"
            assert message.tool_call_id == waiting.pop(0)
            continue
        assert waiting == [], "a call without an answer"
        waiting = [call.id for call in message.tool_calls]
    assert waiting == []


def told(messages: Iterable[Message], role: str) -> list[str]:
    return [message.content for message in messages if message.role == role]

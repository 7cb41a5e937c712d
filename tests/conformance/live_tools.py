"""What the suites call in the handshake era: tools that send messages and requests to the client while they run."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession

from tests.conformance.plain_tools import PAUSE
from toolyard import ToolContext, tool

OPTIONS = ["option1", "option2", "option3"]


def titled(*names: str) -> list[dict[str, str]]:
    return [{"const": f"value{number}", "title": name} for number, name in enumerate(names, 1)]


USER = {
    "type": "object",
    "properties": {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    },
    "required": ["username", "email"],
}
DEFAULTS = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
}
ENUMS = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": OPTIONS},
        "titledSingle": {"type": "string", "oneOf": titled("First Option", "Second Option", "Third Option")},
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": OPTIONS}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled("First Choice", "Second Choice", "Third Choice")}},
    },
}


def wire(ctx: ToolContext) -> ServerRequestContext[Any, Any]:
    return cast("ServerRequestContext[Any, Any]", ctx.wire)


async def elicited(ctx: ToolContext, message: str, schema: dict[str, Any]) -> str:
    request = wire(ctx)
    given = await request.session.elicit_form(message, schema, request.request_id)
    return f"action={given.action}, content={json.dumps(given.content)}"


async def log(ctx: ToolContext, text: str) -> None:
    session: ServerSession = wire(ctx).session
    await session.send_log_message("info", text, related_request_id=wire(ctx).request_id)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]


@tool
async def test_tool_with_logging(ctx: ToolContext) -> str:
    """Log three messages."""
    await log(ctx, "Tool execution started")
    await asyncio.sleep(PAUSE)
    await log(ctx, "Tool processing data")
    await asyncio.sleep(PAUSE)
    await log(ctx, "Tool execution completed")
    return "Logged three messages"


@tool
async def test_logging_tool(ctx: ToolContext) -> str:
    """Log one message, for whoever asked for messages."""
    await log(ctx, "Only for a client that set a log level")
    return "Logged one message"


@tool
async def test_sampling(prompt: str, ctx: ToolContext) -> str:
    """Ask the client's model.

    Args:
        prompt: What to ask.
    """
    request = wire(ctx)
    message = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=prompt))
    answer = await request.session.create_message(  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
        [message], max_tokens=100, related_request_id=request.request_id
    )
    assert isinstance(answer.content, types.TextContent)
    return f"LLM response: {answer.content.text}"


@tool
async def test_elicitation(message: str, ctx: ToolContext) -> str:
    """Ask the client's user.

    Args:
        message: What to ask.
    """
    return f"User response: {await elicited(ctx, message, USER)}"


@tool
async def test_elicitation_sep1034_defaults(ctx: ToolContext) -> str:
    """Ask with a default for each kind of field."""
    return f"Elicitation completed: {await elicited(ctx, 'Please check these values', DEFAULTS)}"


@tool
async def test_elicitation_sep1330_enums(ctx: ToolContext) -> str:
    """Ask with each kind of choice."""
    return f"Elicitation completed: {await elicited(ctx, 'Please choose', ENUMS)}"


TOOLS = (
    test_tool_with_logging,
    test_logging_tool,
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
)

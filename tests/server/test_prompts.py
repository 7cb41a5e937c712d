"""Prompts from functions and from files: listed, filled in, completed and refused, through every door in both eras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from tests.server.doors import WAYS, client_of
from tests.server.yards import LEGACY, MODERN, Yard, write_yard
from toolyard import DefinitionError, InputRequired, Message, ToolContext, prompt
from toolyard.mcp import create_mcp_runtime, create_server

pytestmark = pytest.mark.anyio

MODULE = '''
from toolyard import EmbeddedResource, Image, Message, Text, ToolContext, prompt

def towns(typed, others):
    return [town for town in ("Paris", "Prague", "Rome") if town.startswith(typed)]

@prompt(complete={"town": towns, "style": ["short", "long"]})
def travel(town: str, days: int = 2, style: str = "short") -> str:
    """Plan a journey.

    Args:
        town: Where to.
    """
    return f"Plan {days + 1} days in {town}, {style}."

@prompt(name="talk", description="A talk.")
async def conversation(ctx: ToolContext) -> list[Message]:
    return [
        Message("user", "Look:"),
        Message("user", Image(data=b"png", mime_type="image/png")),
        Message("assistant", Text(f"I see, {ctx.caller.id}.")),
        Message("user", EmbeddedResource(uri="a://b", content="text")),
    ]

@prompt
def bug() -> str:
    raise ZeroDivisionError("a bug")

@prompt
def number() -> int:
    return 7
'''

REVIEW = """---
description: Review a change.
arguments:
  - name: diff
    description: The change.
    required: true
  - {name: tone}
---

Review this {{ tone }} change:
{{diff}} {not a placeholder}
"""


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    yard = write_yard(tmp_path, MODULE, "python: [my_tools]\nprompts: prompts\n")
    yard.write("prompts/review.md", REVIEW)
    yard.write("prompts/notes.txt", "no prompt")
    return yard


async def refused(client: Client, name: str, arguments: dict[str, str]) -> types.ErrorData:
    with pytest.raises(MCPError) as caught:
        await client.get_prompt(name, arguments)
    return caught.value.error


def repeat(x: str) -> str:
    return x


def texts(result: types.GetPromptResult) -> list[str]:
    return [message.content.text for message in result.messages if isinstance(message.content, types.TextContent)]


@pytest.mark.parametrize(("door", "era"), WAYS)
async def test_what_is_listed_can_be_filled_in(yard: Yard, door: str, era: str) -> None:
    async with client_of(yard, door, era) as client:
        listed = {item.name: item for item in (await client.list_prompts()).prompts}
        assert list(listed) == ["bug", "number", "review", "talk", "travel"]
        assert listed["travel"].description == "Plan a journey."
        shown = [(one.name, one.description, one.required) for one in listed["travel"].arguments or []]
        assert shown == [("town", "Where to.", True), ("days", None, False), ("style", None, False)]
        told = [(one.name, one.description, one.required) for one in listed["review"].arguments or []]
        assert told == [("diff", "The change.", True), ("tone", None, False)]

        travel = await client.get_prompt("travel", {"town": "Rome", "days": "4"})
        assert travel.description == "Plan a journey."
        assert [message.role for message in travel.messages] == ["user"]
        assert texts(travel) == ["Plan 5 days in Rome, short."]
        review = await client.get_prompt("review", {"diff": "{{tone}} \\1 <b>"})
        assert texts(review) == ["Review this  change:\n{{tone}} \\1 <b> {not a placeholder}"]
        talk = (await client.get_prompt("talk")).messages
        assert [message.role for message in talk] == ["user", "user", "assistant", "user"]
        assert [message.content.type for message in talk] == ["text", "image", "text", "resource"]


@pytest.mark.parametrize(("door", "era"), WAYS)
async def test_what_cannot_be_filled_in_is_an_error_that_says_why(yard: Yard, door: str, era: str) -> None:
    async with client_of(yard, door, era) as client:
        for name, arguments, part in (
            ("nothing", {}, "'nothing'"),
            ("travel", {}, "town"),
            ("travel", {"town": "Rome", "days": "many"}, "days"),
            ("travel", {"town": "Rome", "mood": "x"}, "mood"),
            ("review", {"tone": "kind"}, "diff"),
            ("review", {"diff": "x", "mood": "x"}, "mood"),
        ):
            error = await refused(client, name, arguments)
            assert error.code == types.INVALID_PARAMS
            assert part in error.message
        for name, part in (("bug", "ZeroDivisionError: a bug"), ("number", "returned a int")):
            error = await refused(client, name, {})
            assert error.code == types.INTERNAL_ERROR
            assert part in error.message
            assert "Traceback" not in error.message


@pytest.mark.parametrize(("door", "era"), WAYS)
async def test_arguments_are_completed(yard: Yard, door: str, era: str) -> None:
    travel = types.PromptReference(name="travel")
    async with client_of(yard, door, era) as client:
        for argument, typed, values in (
            ("town", "P", ["Paris", "Prague"]),
            ("style", "L", ["long"]),
            ("days", "", []),
        ):
            found = await client.complete(travel, {"name": argument, "value": typed})
            assert found.completion.values == values
        for ref, name in ((travel, "mood"), (types.PromptReference(name="nothing"), "town")):
            with pytest.raises(MCPError) as caught:
                await client.complete(ref, {"name": name, "value": ""})
            assert caught.value.error.code == types.INVALID_PARAMS


async def test_a_prompt_can_ask_its_client_before_it_answers() -> None:
    ask: dict[str, Any] = {"method": "roots/list", "params": {}}

    @prompt
    async def where(ctx: ToolContext) -> str | InputRequired:
        if "inputResponses" not in ctx.wire.params:
            return InputRequired(requests={"roots": ask})
        return str(ctx.wire.params["inputResponses"]["roots"]["roots"][0]["uri"])

    async def roots(context: object) -> types.ListRootsResult:
        return types.ListRootsResult(roots=[types.Root(uri="file:///home")])  # type: ignore[arg-type]

    server = create_server(create_mcp_runtime(prompts=[where]))
    async with Client(server, mode=MODERN, list_roots_callback=roots) as client:
        assert texts(await client.get_prompt("where")) == ["file:///home"]
    async with Client(server, mode=MODERN) as client:
        assert (await refused(client, "where", {})).code == types.MISSING_REQUIRED_CLIENT_CAPABILITY
    async with Client(server, mode=LEGACY, list_roots_callback=roots) as client:
        assert (await refused(client, "where", {})).code == types.INTERNAL_ERROR


def test_two_prompts_cannot_share_a_name() -> None:
    one = prompt(name="same")(lambda: "")
    with pytest.raises(DefinitionError, match="same"):
        create_mcp_runtime(prompts=[one, prompt(name="same")(lambda: [Message("user", "x")])])
    with pytest.raises(DefinitionError, match="complete"):
        prompt(complete={"x": ["y"]})(lambda: "")
    with pytest.raises(DefinitionError, match="list of texts"):
        prompt(complete={"x": "y"})(repeat)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello {{nmae}}", ["expected a line ---"]),
        ("---\narguments: [{name: name}]\n---\nHello {{nmae}}", ["{{nmae}}", "arguments: name"]),
        ("---\nargumets: []\n---\n", ["argumets: unknown key", "'arguments'"]),
        ("---\narguments: [{name: a, kind: b}]\n---\n", ["arguments.0.kind"]),
        ("---\narguments: [{name: a}, {name: a}]\n---\n", ["'a' stands twice"]),
        ("---\nname: a\nname: b\n---\n", ["'name' stands twice"]),
        ("---\nname: a\ndescription: [\n---\n", ["line 4, column 1"]),
    ],
)
def test_a_prompt_file_that_cannot_be_used_is_named_with_its_key(tmp_path: Path, text: str, parts: list[str]) -> None:
    yard = write_yard(tmp_path, config="prompts: prompts\n")
    yard.write("prompts/hello.md", text)
    ran = yard.run("serve", yard.config)
    assert ran.code != 0
    assert not ran.out
    for part in ["hello.md", *parts]:
        assert part in ran.err


def test_prompts_that_are_not_there_are_named(tmp_path: Path) -> None:
    yard = write_yard(tmp_path, config="prompts: nowhere\n")
    ran = yard.run("serve", yard.config)
    assert ran.code != 0
    assert "nowhere is no folder" in ran.err
    (tmp_path / "prompts").mkdir()
    for name in ("a", "b"):
        yard.write(f"prompts/{name}.md", "---\nname: same\n---\nHello")
    yard.write(yard.config, "prompts: prompts\n")
    assert "two prompts are named 'same'" in yard.run("serve", yard.config).err

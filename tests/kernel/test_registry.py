"""Name to tool, checked when it is registered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.door import OPEN, act, open_door
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import DefinitionError
from toolyard_kernel.tools.registry import Registry
from toolyard_kernel.tools.tool import Tool
from toolyard_kernel.tools.toolkits import ToolGroup, Toolkit

pytestmark = pytest.mark.anyio


def nothing(arguments: Any, ctx: ToolContext) -> None:
    return None


async def nothing_async(arguments: Any, ctx: ToolContext) -> None:
    return None


def nothing_later(arguments: Any, ctx: ToolContext) -> Any:
    return nothing_async(arguments, ctx)


class AsyncCallable:
    async def __call__(self, arguments: Any, ctx: ToolContext) -> None:
        return None


@dataclass(frozen=True)
class Greeter:
    """An object that can be registered as it is."""

    name: str = "greet"
    description: str = "Greet somebody."

    @property
    def parameters(self) -> JsonObject:
        return {"type": "object", "properties": {"who": {"type": "string"}}, "required": ["who"]}

    def handle(self, arguments: JsonObject, context: ToolContext) -> Any:
        return f"hello {arguments['who']} from {context.tool}"


@dataclass(frozen=True)
class AsyncGreeter(Greeter):
    name: str = "greet-later"

    async def handle(self, arguments: JsonObject, context: ToolContext) -> Any:
        return f"hello {arguments['who']}"


@pytest.mark.parametrize("name", ["a", "files.read", "a/b-c_D9", "x" * 64])
def test_a_good_name_is_taken(name: str) -> None:
    registry = Registry()
    registry.register(act(nothing, name=name))
    assert [entry.tool.name for entry in registry] == [name]


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ünder", "a\n", "a*", "tool!", 7, None])
def test_a_bad_name_is_refused(name: Any) -> None:
    registry = Registry()
    with pytest.raises(DefinitionError, match=r"expected 1 to 64 of A-Z a-z 0-9 _ \. / -"):
        registry.register(act(nothing, name=name))
    assert (len(registry), registry.version) == (0, 0)


def test_a_name_can_be_taken_once_whatever_the_toolkit() -> None:
    registry = Registry()
    first = registry.register(act(nothing), toolkit="files")
    with pytest.raises(DefinitionError) as refused:
        registry.register(act(nothing), toolkit="search")
    assert str(refused.value) == "two tools are named 'act': one in toolkit 'files', one in 'search'; rename one"
    entry = registry.find("act")
    assert entry is not None
    assert entry.tool is first
    assert (len(registry), registry.version) == (1, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_schema": {"type": "array"}}, 'the input schema of tool \'act\' needs "type": "object" at its root'),
        ({"output_schema": {"type": "string"}}, 'the output schema of tool \'act\' needs "type": "object"'),
        ({"input_schema": {}}, 'needs "type": "object" at its root; it has None'),
        ({"input_schema": {"type": "object", "properties": {"a": {"type": "x"}}}}, "is not a JSON Schema"),
        ({"input_schema": None}, "tool 'act': a schema is no JSON object; expected a JSON Schema as a dict"),
        ({"input_schema": []}, "a schema is no JSON object"),
        ({"output_schema": []}, "a schema is no JSON object"),
        ({"effects": frozenset({"magic", "shell"})}, r"unknown effects \['magic'\]; expected some of \['agents'"),
        ({"effects": frozenset[str]()}, "has no effects; expected at least one of"),
        ({"approval": "sometimes"}, "approval 'sometimes'; expected always, never or auto"),
        ({"timeout": 0}, "timeout 0; expected seconds, more than 0"),
        ({"timeout": -1.5}, "timeout -1.5; expected"),
        ({"timeout": float("inf")}, "timeout inf; expected"),
        ({"timeout": float("nan")}, "timeout nan; expected"),
        ({"timeout": "5"}, "timeout '5'; expected"),
        ({"timeout": True}, "timeout True; expected"),
        ({"description": None}, "description None; expected a text"),
        ({"handler": "nothing"}, "handler 'nothing' cannot be called"),
    ],
)
def test_a_tool_that_cannot_be_used_is_refused_when_it_is_registered(change: dict[str, Any], message: str) -> None:
    registry = Registry()
    with pytest.raises(DefinitionError, match=message):
        registry.register(replace(act(nothing), **change))
    assert len(registry) == 0


@pytest.mark.parametrize("greeter", [Greeter(), AsyncGreeter()])
async def test_an_object_with_a_handle_is_a_tool_as_it_is(tmp_path: Path, greeter: Greeter) -> None:
    door = open_door(tmp_path, greeter)
    assert (await door.call(greeter.name, {"who": "ann"})).text.startswith("hello ann")
    assert (await door.call(greeter.name, {})).text == "invalid arguments: who: required, but missing"


@pytest.mark.parametrize("thing", [7, None, nothing, object(), {"name": "x"}, Registry])
def test_anything_else_is_no_tool(thing: Any) -> None:
    with pytest.raises(DefinitionError, match="is no tool: expected what @tool or define_tool returns, or an object"):
        Registry().register(thing)


def test_a_handler_object_without_a_schema_is_refused() -> None:
    class Broken(Greeter):
        @property
        def parameters(self) -> Any:
            return None

    with pytest.raises(DefinitionError, match="tool 'greet': a schema is no JSON object"):
        Registry().register(Broken())


@pytest.mark.parametrize(
    ("tool", "mode"),
    [
        (act(nothing), "thread"),
        (act(nothing, inline=True), "inline"),
        (act(nothing_async), "async"),
        (act(nothing_async, inline=True), "async"),
        (act(AsyncCallable()), "async"),
        (act(nothing_later), "thread"),
    ],
)
def test_where_a_handler_runs_follows_from_what_it_is(tool: Tool, mode: str) -> None:
    registry = Registry()
    registry.register(tool)
    entry = registry.find("act")
    assert entry is not None
    assert entry.mode == mode


def test_tools_come_in_the_order_of_their_names_and_can_be_removed() -> None:
    registry = Registry()
    for name in "cab":
        registry.register(act(nothing, name=name))
    assert [entry.tool.name for entry in registry] == ["a", "b", "c"]
    registry.remove("b")
    registry.remove("b")
    assert [entry.tool.name for entry in registry] == ["a", "c"]
    assert registry.find("b") is None
    assert registry.version == 4
    registry.register(act(nothing, name="b"))
    assert len(registry) == 3


def test_a_registry_can_change_while_it_is_read() -> None:
    registry = Registry()
    for name in "ab":
        registry.register(act(nothing, name=name))
    for entry in registry:
        registry.remove(entry.tool.name)
    assert len(registry) == 0


def test_listeners_hear_every_change_and_no_refusal() -> None:
    registry = Registry()
    heard: list[int] = []
    stop = registry.on_change(lambda: heard.append(registry.version))
    registry.register(act(nothing))
    with pytest.raises(DefinitionError):
        registry.register(act(nothing))
    registry.remove("missing")
    registry.remove("act")
    assert heard == [1, 2]
    stop()
    registry.register(act(nothing))
    assert heard == [1, 2]


def test_a_listener_may_stop_listening_when_it_is_called() -> None:
    registry = Registry()
    heard: list[str] = []

    def once() -> None:
        heard.append("once")
        stop()

    stop = registry.on_change(once)
    registry.on_change(lambda: heard.append("always"))
    registry.register(act(nothing, name="a"))
    registry.register(act(nothing, name="b"))
    assert heard == ["once", "always", "always"]


def test_the_tools_of_one_toolkit_share_their_worker_threads_and_no_others() -> None:
    registry = Registry()
    for name, toolkit in (("a", "files"), ("b", "files"), ("c", "search")):
        registry.register(act(nothing, name=name), toolkit=toolkit)
    a, b, c = registry
    assert a.workers is b.workers
    assert a.workers is not c.workers


async def test_a_toolkit_is_a_named_group_of_tools_with_a_lifetime() -> None:
    group = ToolGroup("mine", (act(nothing), act(nothing, name="other")))
    assert isinstance(group, Toolkit)
    async with group.lifespan():
        assert [tool.name for tool in group.tools()] == ["act", "other"]


def test_a_schema_that_marks_a_field_write_only_makes_it_secret() -> None:
    registry = Registry()
    schema: JsonObject = {**OPEN, "properties": {"pin": {"type": "string", "writeOnly": True}}}
    registry.register(act(nothing, input_schema=schema, secret=["token"]))
    entry = registry.find("act")
    assert entry is not None
    assert entry.secret == {"pin", "token"}

"""Tools from Python functions."""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, RootModel

from tests.kernel.door import open_door
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import DefinitionError
from toolyard_kernel.tools.functions import ANSWERS, tool
from toolyard_kernel.tools.registry import Registry

pytestmark = pytest.mark.anyio


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int
    y: int = Field(default=0, description="Upwards.")


@dataclass
class Size:
    width: int
    height: int = 1


class Even(BaseModel):
    n: int

    def model_post_init(self, _: object) -> None:
        if self.n % 2:
            raise ValueError("must be even")


class Foreign:
    pass


class Numbers(RootModel[list[int]]):
    pass


def schema_of(function: Callable[..., Any]) -> JsonObject:
    return tool(function).input_schema


def test_a_function_becomes_a_tool_with_its_name_summary_and_types() -> None:
    @tool
    def add(a: int, b: float = 1.5) -> float:
        """Add two numbers.

        Neither may be infinite.
        """
        return a + b

    assert (add.name, add.description) == ("add", "Add two numbers.\n\nNeither may be infinite.")
    assert add.input_schema == {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "number", "default": 1.5}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert (add.effects, add.approval, add.timeout, add.inline) == (frozenset({"custom"}), "auto", None, False)
    assert add.output_schema is None


def test_the_decorator_takes_every_option_of_a_tool() -> None:
    @tool(name="net.get", approval="always", timeout=3, effects=["network"], inline=True, secret=["token"])
    def fetch(url: str, token: str) -> str:
        return url + token

    assert (fetch.name, fetch.approval, fetch.timeout, fetch.inline) == ("net.get", "always", 3, True)
    assert (fetch.effects, fetch.secret) == (frozenset({"network"}), frozenset({"token"}))


def test_one_secret_can_be_named_without_a_list() -> None:
    @tool(secret="token")
    def fetch(token: str) -> str:
        return token

    assert fetch.secret == frozenset({"token"})


def test_enums_literals_optionals_unions_and_containers_become_json_schema() -> None:
    def many(
        colour: Colour,
        kind: Literal["a", "b"],
        name: str | None,
        either: int | list[str],
        table: dict[str, float],
        where: Path = Path(),
    ) -> None:
        """Take many types."""

    properties = schema_of(many)["properties"]
    assert schema_of(many)["$defs"]["Colour"] == {"enum": ["red", "blue"], "type": "string"}
    assert properties["colour"] == {"$ref": "#/$defs/Colour"}
    assert properties["kind"] == {"enum": ["a", "b"], "type": "string"}
    assert properties["name"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert properties["either"] == {"anyOf": [{"type": "integer"}, {"items": {"type": "string"}, "type": "array"}]}
    assert properties["table"] == {"type": "object", "additionalProperties": {"type": "number"}}
    assert properties["where"] == {"type": "string", "format": "path", "default": "."}
    assert schema_of(many)["required"] == ["colour", "kind", "name", "either", "table"]


def test_titles_that_pydantic_makes_up_are_left_out_and_names_and_values_are_not() -> None:
    def titled(title: str, properties: dict[str, int], at: Point, preset: JsonObject = {"title": "x"}) -> None:  # noqa: B006
        """Take a field named like a keyword."""

    schema = schema_of(titled)
    assert schema["properties"]["title"] == {"type": "string"}
    assert schema["properties"]["properties"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert schema["properties"]["preset"]["default"] == {"title": "x"}
    assert schema["$defs"]["Point"]["properties"]["x"] == {"type": "integer"}
    assert "title" not in schema
    assert "title" not in schema["$defs"]["Point"]


def test_annotated_fields_bring_their_limits_alias_and_description() -> None:
    def limited(
        n: Annotated[int, Field(ge=1, le=9, description="From the annotation.")],
        page_size: Annotated[int, Field(alias="pageSize")] = 10,
        other: int = Field(default=5, gt=0, alias="Other"),
    ) -> None:
        """Take limits.

        Args:
            n: From the docstring.
            page_size: How many.
        """

    assert schema_of(limited)["properties"] == {
        "n": {"type": "integer", "minimum": 1, "maximum": 9, "description": "From the annotation."},
        "pageSize": {"type": "integer", "default": 10, "description": "How many."},
        "Other": {"type": "integer", "default": 5, "exclusiveMinimum": 0},
    }


async def test_a_handler_gets_python_values_and_defaults(tmp_path: Path) -> None:
    seen: list[Any] = []

    @tool
    async def draw(
        at: Point, colour: Colour = Colour.RED, size: Annotated[int, Field(alias="pageSize")] = 7, *, flag: bool = True
    ) -> str:
        seen.append((at, colour, size, flag))
        return "drawn"

    door = open_door(tmp_path, draw)
    assert (await door.call("draw", {"at": {"x": 1}, "colour": "blue", "pageSize": 2})).text == "drawn"
    assert (await door.call("draw", {"at": {"x": 1, "y": 2}, "flag": False})).text == "drawn"
    assert seen == [(Point(x=1, y=0), Colour.BLUE, 2, True), (Point(x=1, y=2), Colour.RED, 7, False)]


async def test_a_mutable_default_is_fresh_for_every_call(tmp_path: Path) -> None:
    @tool
    def collect(item: str, into: list[str] = []) -> str:  # noqa: B006
        into.append(item)
        return ",".join(into)

    door = open_door(tmp_path, collect)
    assert [(await door.call("collect", {"item": item})).text for item in "ab"] == ["a", "b"]


async def test_parameters_may_have_any_python_name(tmp_path: Path) -> None:
    @tool
    def odd(
        schema: int, _x: int, copy: int, json: int, self: int, model_config: int, p0: int, arguments: int
    ) -> list[int]:
        return [schema, _x, copy, json, self, model_config, p0, arguments]

    names = ["schema", "_x", "copy", "json", "self", "model_config", "p0", "arguments"]
    assert list(odd.input_schema["properties"]) == names
    outcome = await open_door(tmp_path, odd).call("odd", {name: n for n, name in enumerate(names)})
    assert outcome.text == "[0,1,2,3,4,5,6,7]"


async def test_an_untyped_parameter_takes_any_json(tmp_path: Path) -> None:
    def say(value: Any) -> Any:
        return value

    del say.__annotations__["value"]
    echo = tool(name="echo")(say)
    assert echo.input_schema["properties"] == {"value": {}}
    assert (await open_door(tmp_path, echo).call("echo", {"value": [1, {"a": None}]})).text == '[1,{"a":null}]'


@pytest.mark.parametrize("arguments", [{}, {"x": "7"}, {"x": 7, "y": 1}, {"x": 7, "ctx": {}}])
async def test_arguments_that_do_not_fit_never_reach_the_function(tmp_path: Path, arguments: JsonObject) -> None:
    ran: list[int] = []

    @tool
    def strict(x: int, ctx: ToolContext) -> None:
        ran.append(x)

    outcome = await open_door(tmp_path, strict).call("strict", arguments)
    assert (outcome.status, ran) == ("tool_error", [])
    assert outcome.text.startswith("invalid arguments: ")


async def test_a_rule_that_json_schema_cannot_say_is_checked_and_named(tmp_path: Path) -> None:
    ran: list[Even] = []

    @tool
    def take(pair: Even) -> None:
        ran.append(pair)

    outcome = await open_door(tmp_path, take).call("take", {"pair": {"n": 3}})
    assert (outcome.text, ran) == ("invalid arguments: pair: Value error, must be even", [])


@pytest.mark.parametrize("arguments", [{}, {"x": 2}])
async def test_the_context_is_filled_in_and_not_advertised(tmp_path: Path, arguments: JsonObject) -> None:
    @tool
    async def first(context: ToolContext, x: int = 1) -> str:
        return f"{context.tool} {context.caller.id} {x}"

    @tool
    def optional(x: int = 1, *, c: ToolContext | None = None) -> str:
        return f"{c and c.tool} {x}"

    @tool
    def annotated(c: Annotated[ToolContext, "the call"], x: int = 1) -> str:
        return f"{c.tool} {x}"

    assert all(list(t.input_schema["properties"]) == ["x"] for t in (first, optional, annotated))
    door = open_door(tmp_path, first, optional, annotated)
    x = arguments.get("x", 1)
    assert (await door.call("first", arguments)).text == f"first tester {x}"
    assert (await door.call("optional", arguments)).text == f"optional {x}"
    assert (await door.call("annotated", arguments)).text == f"annotated {x}"


@pytest.mark.parametrize(
    ("returns", "value", "schema"),
    [
        (Point, Point(x=1), {"x": 1, "y": 0}),
        (Size, Size(width=2), {"width": 2, "height": 1}),
        (dict[str, int], {"a": 1}, {"a": 1}),
    ],
)
async def test_a_function_that_returns_an_object_promises_its_schema(
    tmp_path: Path, returns: Any, value: Any, schema: JsonObject
) -> None:
    def make() -> Any:
        return value

    make.__annotations__["return"] = returns
    made = tool(make)
    assert made.output_schema is not None
    assert made.output_schema["type"] == "object"
    outcome = await open_door(tmp_path, made).call("make")
    assert (outcome.status, outcome.structured) == ("ok", schema)


@pytest.mark.parametrize("returns", [str, int, Point | None, Numbers, dict[str, Callable[[], int]], None, *ANSWERS])
def test_a_function_that_may_return_something_else_promises_nothing(returns: Any) -> None:
    def make() -> Any:
        return None

    make.__annotations__["return"] = returns
    assert tool(make).output_schema is None


def starred(*paths: str) -> None:
    """Take any number of paths."""


def keywords(**options: str) -> None:
    """Take any options."""


def positional(x: int, /) -> None:
    """Take one without a name."""


def positional_context(ctx: ToolContext, /) -> None:
    """Take a context without a name."""


def unresolvable(x: int) -> None:
    """Take a type that nobody defined."""


def unreadable(x: int) -> None:
    """Take a type that is no expression."""


def lost(x: int) -> None:
    """Take a type that its module has no more."""


def callback(then: Callable[[], int]) -> None:
    """Take what JSON cannot carry."""


def unknown_type(door: Foreign) -> None:
    """Take a class that pydantic does not know."""


unreadable.__annotations__["x"] = "int |"
lost.__annotations__["x"] = "enum.Missing"
unresolvable.__annotations__["x"] = "Missing"


REFUSED: list[tuple[Callable[..., Any], str]] = [
    (starred, "parameter *paths: 'str' cannot be a tool's; use named parameters only"),
    (keywords, "parameter **options: 'str' cannot be a tool's"),
    (positional, "cannot be a tool's"),
    (positional_context, "cannot be a tool's"),
    (unresolvable, "name 'Missing' is not defined; types of a tool's parameters must be defined at module level"),
    (unreadable, "unreadable: "),
    (lost, "lost: module 'enum' has no attribute 'Missing'"),
    (callback, "callback: "),
    (unknown_type, "unknown_type: "),
    (functools.partial(starred, "a"), "is no function; write one that calls it, or use define_tool"),
    (Point, "is no function"),
]


@pytest.mark.parametrize(("function", "message"), REFUSED)
def test_a_function_that_cannot_be_a_tool_is_refused_by_name(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        tool(function)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_lambda_needs_a_name_of_its_own() -> None:
    nameless = tool(lambda: math.pi)
    with pytest.raises(DefinitionError, match="tool name '<lambda>': expected"):
        Registry().register(nameless)
    assert Registry().register(tool(name="pi")(lambda: math.pi)).name == "pi"

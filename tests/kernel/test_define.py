"""Tools from a schema and a handler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretBytes, SecretStr, field_validator

from tests.kernel.door import OPEN, act, open_door
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import DefinitionError
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.tool import Tool

pytestmark = pytest.mark.anyio


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    item: str
    count: int = Field(default=1, alias="howMany", gt=0)

    @field_validator("item")
    @classmethod
    def _real(cls, item: str) -> str:
        if item == "nothing":
            raise ValueError("is not for sale")
        if item == "bomb":
            raise KeyError("no price")
        return item


class Branch(BaseModel):
    name: str
    branches: list[Branch] = []


class Login(BaseModel):
    user: str
    password: SecretStr
    keys: list[SecretBytes] = []
    by_host: dict[str, SecretStr | None] = {}


def echo(arguments: Any, ctx: ToolContext) -> Any:
    return arguments


def test_a_handler_can_be_given_or_decorated() -> None:
    given = define_tool(name="echo", description="Say it again.", input_schema=OPEN, handler=echo)

    @define_tool(name="echo", description="Say it again.", input_schema=OPEN)
    def decorated(arguments: Any, ctx: ToolContext) -> Any:
        return arguments

    assert isinstance(decorated, Tool)
    assert (given.name, given.description, given.input_schema) == ("echo", "Say it again.", OPEN)
    assert (decorated.name, decorated.description, decorated.input_schema) == ("echo", "Say it again.", OPEN)


def test_every_option_reaches_the_tool() -> None:
    made = act(echo, approval="always", timeout=2.5, effects=["shell"], inline=True, secret="key", output_schema=OPEN)
    assert (made.approval, made.timeout, made.effects, made.inline) == ("always", 2.5, frozenset({"shell"}), True)
    assert (made.secret, made.output_schema) == (frozenset({"key"}), OPEN)


def test_a_json_schema_stays_as_it_is() -> None:
    document = {"type": "object", "title": "Kept", "properties": {"a": {"title": "Too", "type": "string"}}}
    assert act(echo, input_schema=document).input_schema == document


def test_a_mapping_of_names_to_types_is_a_schema_of_required_fields() -> None:
    made = act(echo, input_schema={"type": str, "schema": int | None, "_x": list[float]})
    assert made.input_schema == {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "schema": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "_x": {"type": "array", "items": {"type": "number"}},
        },
        "required": ["type", "schema", "_x"],
        "additionalProperties": False,
    }


def test_an_empty_mapping_is_a_tool_without_arguments() -> None:
    assert act(echo, input_schema={}).input_schema == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }


async def test_a_model_fills_in_defaults_by_alias(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(echo, input_schema=Order))
    assert (await door.call("act", {"item": "tea"})).structured == {"item": "tea", "howMany": 1}
    assert (await door.call("act", {"item": "tea", "howMany": 2})).structured == {"item": "tea", "howMany": 2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"item": "tea", "howMany": 0}, "invalid arguments: howMany: 0 is less than or equal to the minimum of 0"),
        ({"item": "nothing"}, "invalid arguments: item: Value error, is not for sale"),
        ({"item": "bomb"}, "invalid arguments: KeyError: 'no price'"),
    ],
)
async def test_a_model_refuses_what_does_not_fit_it(tmp_path: Path, arguments: JsonObject, message: str) -> None:
    ran: list[Any] = []
    door = open_door(tmp_path, act(lambda arguments, ctx: ran.append(arguments), input_schema=Order))
    outcome = await door.call("act", arguments)
    assert (outcome.status, outcome.text, ran) == ("tool_error", message, [])
    assert door.events() == [("refusal", "tool_error")]


async def test_a_model_that_contains_itself_is_an_object_at_its_root(tmp_path: Path) -> None:
    tree: JsonObject = {"name": "a", "branches": [{"name": "b", "branches": []}]}
    made = act(echo, input_schema=Branch, output_schema=Branch)
    assert made.input_schema["type"] == "object"
    assert (await open_door(tmp_path, made).call("act", tree)).structured == tree


async def test_a_handler_gets_the_secrets_of_a_model_and_the_ledger_does_not(tmp_path: Path) -> None:
    login = {"user": "ann", "password": "hunter2", "keys": ["k3y"], "by_host": {"a": "s3cret", "b": None}}
    seen: list[Any] = []
    door = open_door(tmp_path, act(lambda arguments, ctx: seen.append(arguments), input_schema=Login))
    assert (await door.call("act", login)).ok
    assert seen == [login]
    assert door.records()[0]["arguments"] == {
        "user": "ann",
        "password": "[redacted]",
        "keys": "[redacted]",
        "by_host": "[redacted]",
    }
    assert not [secret for secret in ("hunter2", "k3y", "s3cret") if secret in door.written()]


@pytest.mark.parametrize(
    "source",
    [int, None, 7, {"properties": {"x": {}}}, {"x": "number"}, {"x": object()}, {"anyOf": [{"type": "object"}]}],
)
@pytest.mark.parametrize("which", ["input_schema", "output_schema"])
def test_what_is_no_schema_is_refused_with_the_name_of_its_tool(source: Any, which: str) -> None:
    if which == "output_schema" and source is None:
        return
    with pytest.raises(DefinitionError, match=r"tool 'act': the schema .* is neither a JSON Schema with a type"):
        act(echo, **{which: source})

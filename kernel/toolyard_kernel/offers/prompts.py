"""Prompts: messages a client's user can pick and fill in, made from functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, overload

from toolyard_kernel.content import Content, JsonObject
from toolyard_kernel.offers.completers import Completer, checked_completers
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import Handler

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt; a text can be given as it is."""

    role: Literal["user", "assistant"]
    content: str | Content


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptArgument:
    """One thing to fill in; its value arrives as text."""

    name: str
    description: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt, as data. Make it with `@prompt`, or write it to a file.

    `handler(arguments, ctx)`, sync or async, returns text (a message of the user's) or a sequence of messages and
    texts. `parse` makes what it takes of the arguments' texts, and raises `InvalidArguments`. `complete` says which
    values an argument can have.
    """

    name: str
    handler: Handler = field(repr=False)
    description: str = ""
    arguments: tuple[PromptArgument, ...] = ()
    parse: Callable[[JsonObject], Any] = field(default=dict, repr=False)
    complete: Mapping[str, Completer] = field(default_factory=lambda: MappingProxyType({}), repr=False)


@overload
def prompt(function: Function, /) -> Prompt: ...
@overload
def prompt(
    *,
    name: str | None = None,
    description: str | None = None,
    complete: Mapping[str, Completer] | None = None,
) -> Callable[[Function], Prompt]: ...
def prompt(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    complete: Mapping[str, Completer] | None = None,
) -> Prompt | Callable[[Function], Prompt]:
    """Make a prompt of a function, sync or async: its parameters are the prompt's arguments.

    Arguments arrive as text and become what the parameters' types say; descriptions come from the docstring. A
    parameter of type `ToolContext` is filled in. The function returns text, or a list of `Message`. `complete` maps
    an argument to its values, or to a function of the text typed so far and the other arguments.

    Raises:
        DefinitionError: a parameter's type cannot be read from text, or `complete` names no argument.
    """

    def make(function: Function) -> Prompt:
        made = tool(name=name)(function)
        arguments = _arguments(made.input_schema)
        known = [argument.name for argument in arguments]
        return Prompt(
            name=made.name,
            description=made.description if description is None else inspect.cleandoc(description),
            arguments=arguments,
            handler=made.handler,
            parse=made.parse,
            complete=MappingProxyType(checked_completers(complete, known, f"prompt {made.name!r}")),
        )

    return make(function) if function else make


def _arguments(schema: JsonObject) -> tuple[PromptArgument, ...]:
    required = schema.get("required", [])
    return tuple(
        PromptArgument(name=name, description=about.get("description", ""), required=name in required)
        for name, about in schema.get("properties", {}).items()
    )

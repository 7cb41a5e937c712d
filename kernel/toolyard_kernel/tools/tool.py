"""A tool: a name, a schema, what it may do, and the handler that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.effects import Effect

Approval = Literal["always", "never", "auto"]
"""`always` asks before every call; `auto` and `never` leave it to the profile, which no tool can overrule."""

Handler = Callable[[Any, ToolContext], Any | Awaitable[Any]]
"""`handler(arguments, ctx)`, sync or async. `arguments` is what `Tool.parse` made of the call's JSON object."""

CUSTOM: frozenset[Effect] = frozenset({"custom"})


def field_names(names: str | Iterable[str]) -> frozenset[str]:
    """One name, or several: a string is itself an iterable of strings, and `secret="token"` must not hide t, o, k…"""
    return frozenset({names} if isinstance(names, str) else names)


def _unchanged(arguments: JsonObject) -> JsonObject:
    return arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool, as data. Make it with `@tool` or `define_tool`; `Registry.register` checks it.

    `input_schema` and `output_schema` are JSON Schema 2020-12 documents with an object at the root.
    `timeout` is in seconds (`None`: the caller's profile decides). `inline` runs a sync handler on the event loop
    instead of in a worker thread: only for handlers that never block. `secret` names argument fields, at any depth,
    whose values never reach a log or the ledger. `parse` turns arguments that fit the schema into what the handler
    takes; it raises `InvalidArguments`. `subject` is what the profile's `agents` and `upstream` name lists are
    matched against when it is not the tool's own name. `read_only` is an upstream server's own word for its tool: a
    hint that may spare an ask, never a grant.
    """

    name: str
    description: str
    input_schema: JsonObject
    handler: Handler = field(repr=False)
    output_schema: JsonObject | None = None
    effects: frozenset[Effect] = CUSTOM
    approval: Approval = "auto"
    timeout: float | None = None
    inline: bool = False
    secret: frozenset[str] = frozenset()
    title: str | None = None
    subject: str | None = None
    read_only: bool = False
    parse: Callable[[JsonObject], Any] = field(default=_unchanged, repr=False)


@runtime_checkable
class ToolHandler(Protocol):
    """An object that can be registered as a tool as it is.

    `handle(arguments, context)` may be sync or async; `parameters` is a JSON Schema with an object at the root.
    """

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def parameters(self) -> JsonObject: ...
    def handle(self, arguments: JsonObject, context: ToolContext, /) -> Any: ...

"""A tool: a name, a schema, what it may do, and the handler that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.effects import Effect
from toolyard_kernel.profiles.profile import PermissionProfile

Approval = Literal["always", "never", "auto"]
"""`always` asks before every call; `auto` and `never` leave it to the profile, which no tool can overrule."""

Handler = Callable[[Any, ToolContext], Any | Awaitable[Any]]
"""`handler(arguments, ctx)`, sync or async. `arguments` is what `Tool.parse` made of the call's JSON object."""

CUSTOM: frozenset[Effect] = frozenset({"custom"})
ANY = "*"
"""The subject of a tool that runs whichever agent its arguments name, and looks at the profile itself."""
NO_EFFECTS: frozenset[Effect] = frozenset()


def field_names(names: str | Iterable[str]) -> frozenset[str]:
    """One name, or several: a string is itself an iterable of strings, and `secret="token"` must not hide t, o, k…"""
    return frozenset({names} if isinstance(names, str) else names)


def _unchanged(arguments: JsonObject) -> JsonObject:
    return arguments


def _no_more(arguments: Any, profile: PermissionProfile) -> frozenset[Effect]:
    return NO_EFFECTS


def always_available(profile: PermissionProfile) -> None:
    """`unavailable` of a tool that needs nothing a machine could lack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool, as data. Make it with `@tool` or `define_tool`; `Registry.register` checks it.

    `input_schema` and `output_schema` are JSON Schema 2020-12 documents with an object at the root.
    `timeout` is in seconds (`None`: the caller's profile decides). `inline` runs a sync handler on the event loop
    instead of in a worker thread: only for handlers that never block. `secret` names argument fields, at any depth,
    whose values never reach a log or the ledger. `parse` turns arguments that fit the schema into what the handler
    takes; it raises `InvalidArguments`. `subject` is what the profile's `agents` and `upstream` name lists are
    matched against when it is not the tool's own name. `read_only` is an upstream server's own word for its tool: a
    hint that may spare an ask, never a grant. `overwrites` is for a tool of the effect `files.write` that is of use
    only where files may be changed: under `file_write: create-only` it does not exist. `retries` is how often a call is
    made again whose handler raised a `ToolError` that is `retryable`, all within one deadline; a tool that may change
    something has to be `idempotent`: made twice, its call does no more than made once.

    `effects` are those of every call. `may` are the further ones that some calls have, and `call_effects` says which of
    them a call with these (parsed) arguments has under this profile. `unavailable` says what this machine lacks for
    calls under a profile, and how to get it: the tool then does not exist there. `preview` is what a person is shown
    who is asked for a call: a diff, a command, a statement; it takes what the handler takes, runs as the handler does,
    and refuses the call by raising `ToolError`. `declined` hears, with what the handler takes, that the person said no.
    `wire` says that the handler may look at `ctx.wire` or `ctx.door`; calls of a tool that never does cost less, and
    its `ctx.wire` is None through every door.
    """

    name: str
    description: str
    input_schema: JsonObject
    handler: Handler = field(repr=False)
    output_schema: JsonObject | None = None
    effects: frozenset[Effect] = CUSTOM
    may: frozenset[Effect] = NO_EFFECTS
    approval: Approval = "auto"
    timeout: float | None = None
    inline: bool = False
    secret: frozenset[str] = frozenset()
    title: str | None = None
    subject: str | None = None
    read_only: bool = False
    overwrites: bool = False
    retries: int = 0
    idempotent: bool = False
    parse: Callable[[JsonObject], Any] = field(default=_unchanged, repr=False)
    call_effects: Callable[[Any, PermissionProfile], frozenset[Effect]] = field(default=_no_more, repr=False)
    unavailable: Callable[[PermissionProfile], str | None] = field(default=always_available, repr=False)
    preview: Callable[[Any, ToolContext], str | Awaitable[str]] | None = field(default=None, repr=False)
    declined: Callable[[Any, ToolContext], Awaitable[None]] | None = field(default=None, repr=False)
    wire: bool = True


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

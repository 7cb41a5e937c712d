"""The registry: name → tool, checked once when it is registered."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from toolyard_kernel.calls.decided import Decided
from toolyard_kernel.calls.running import Mode, mode_of
from toolyard_kernel.calls.workers import Workers
from toolyard_kernel.content import JsonObject
from toolyard_kernel.effects import EFFECTS, READING
from toolyard_kernel.errors import DefinitionError, InvalidArguments, UnknownName
from toolyard_kernel.tools.define import tool_from_handler
from toolyard_kernel.tools.schemas import Schema, as_sentence, write_only_fields
from toolyard_kernel.tools.tool import Handler, Tool, ToolHandler

NAME = re.compile(r"[A-Za-z0-9_./-]{1,64}")
PYTHON_TOOLS = "python"
"""The toolkit of tools that were registered without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A tool with what calling it needs, made ready once."""

    tool: Tool
    toolkit: str
    mode: Mode
    input: Schema
    output: Schema | None
    secret: frozenset[str]
    workers: Workers
    decided: Decided

    @property
    def name(self) -> str:
        return self.tool.name

    @property
    def handler(self) -> Handler:
        return self.tool.handler

    def parse(self, arguments: JsonObject) -> Any:
        """The arguments as the handler takes them.

        Raises:
            InvalidArguments: they do not fit the schema; the text names each field.
        """
        if problems := self.input.problems(arguments):
            raise InvalidArguments(as_sentence(problems))
        try:
            # A copy where there are secrets: a handler that takes one out of its arguments must not hide it from scrub.
            return self.tool.parse(copy.deepcopy(arguments) if self.secret else arguments)
        except InvalidArguments:
            raise
        except Exception as error:  # a validator of the tool's own model may raise anything
            raise InvalidArguments(f"{type(error).__name__}: {error}") from error


class Registry:
    """The tools of one runtime, in the order of their names. `version` grows with every change."""

    def __init__(self) -> None:
        self.version = 0
        self._tools: dict[str, Registered] = {}
        self._workers: dict[str, Workers] = {}
        self._listeners: list[Callable[[], None]] = []

    def register(self, thing: Tool | ToolHandler, *, toolkit: str = PYTHON_TOOLS) -> Tool:
        """Add a tool, or an object that can stand for one.

        Raises:
            DefinitionError: its name is taken or not a tool's, or its schema, effects or timeout cannot be used.
        """
        tool = thing if isinstance(thing, Tool) else _adapted(thing)
        _check(tool)
        if taken := self._tools.get(tool.name):
            raise DefinitionError(
                f"two tools are named {tool.name!r}: one in toolkit {taken.toolkit!r}, one in {toolkit!r}; rename one"
            )
        self._tools[tool.name] = _registered(tool, toolkit, self._workers.setdefault(toolkit, Workers()))
        self._changed()
        return tool

    def remove(self, name: str) -> None:
        """Take a tool out; nothing happens when there is none of that name."""
        if self._tools.pop(name, None):
            self._changed()

    def remove_toolkit(self, toolkit: str) -> None:
        """Take out the tools of a toolkit; nothing happens when there are none."""
        for entry in [entry for entry in self if entry.toolkit == toolkit]:
            self.remove(entry.name)

    def adopt(self, other: Registry) -> None:
        """Hold exactly what `other` holds, in one step."""
        self._tools, self._workers = dict(other._tools), dict(other._workers)
        self._changed()

    def select(self, names: Iterable[str] | None = None) -> Registry:
        """A registry of its own with these of the tools, by default all; each is the same in both.

        Raises:
            UnknownName: there is no tool of one of these names.
        """
        chosen = self._tools if names is None else {name: self._tools.get(name) for name in names}
        if missing := [name for name, entry in chosen.items() if entry is None]:
            known = ", ".join(sorted(self._tools)) or "none"
            raise UnknownName(f"no tool is named {', '.join(map(repr, missing))}; there are: {known}")
        other = Registry()
        other._tools = {name: entry for name, entry in chosen.items() if entry is not None}
        other._workers = dict(self._workers)
        return other

    def find(self, name: str) -> Registered | None:
        return self._tools.get(name)

    def __iter__(self) -> Iterator[Registered]:
        return iter([self._tools[name] for name in sorted(self._tools)])

    def __len__(self) -> int:
        return len(self._tools)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change; what is returned stops that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _changed(self) -> None:
        self.version += 1
        for listener in tuple(self._listeners):
            listener()


def _adapted(thing: ToolHandler) -> Tool:
    if not isinstance(thing, ToolHandler):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DefinitionError(
            f"{thing!r} is no tool: expected what @tool or define_tool returns, "
            f"or an object with name, description, parameters and handle(arguments, context)"
        )
    return tool_from_handler(thing)


def _check(tool: Tool) -> None:
    if not _is_name(tool.name):
        raise DefinitionError(f"tool name {tool.name!r}: expected 1 to 64 of A-Z a-z 0-9 _ . / -")
    if not isinstance(tool.description, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DefinitionError(f"tool {tool.name!r}: description {tool.description!r}; expected a text")
    if unknown := (tool.effects | tool.may) - EFFECTS:
        raise DefinitionError(
            f"tool {tool.name!r}: unknown effects {sorted(unknown)}; expected some of {sorted(EFFECTS)}"
        )
    if not tool.effects:
        raise DefinitionError(f"tool {tool.name!r} has no effects; expected at least one of {sorted(EFFECTS)}")
    if tool.approval not in ("always", "never", "auto"):
        raise DefinitionError(f"tool {tool.name!r}: approval {tool.approval!r}; expected always, never or auto")
    if tool.timeout is not None and not (_is_number(tool.timeout) and 0 < tool.timeout < math.inf):
        raise DefinitionError(f"tool {tool.name!r}: timeout {tool.timeout!r}; expected seconds, more than 0")
    _check_retries(tool)
    if not callable(tool.handler):
        raise DefinitionError(f"tool {tool.name!r}: handler {tool.handler!r} cannot be called")
    if not _is_object(tool.input_schema) or not (tool.output_schema is None or _is_object(tool.output_schema)):
        raise DefinitionError(f"tool {tool.name!r}: a schema is no JSON object; expected a JSON Schema as a dict")


def _check_retries(tool: Tool) -> None:
    """A call that may have changed something is not made twice, unless that does no harm."""
    if type(tool.retries) is not int or tool.retries < 0:
        raise DefinitionError(f"tool {tool.name!r}: retries {tool.retries!r}; expected a whole number, 0 or more")
    effects = tool.effects | tool.may
    if tool.retries and not tool.idempotent and not effects <= READING:
        raise DefinitionError(
            f"tool {tool.name!r}: retries={tool.retries}, but what it may do ({', '.join(sorted(effects))}) may change "
            "something; declare idempotent=True if a call made twice does no more than one, or leave out retries"
        )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _registered(tool: Tool, toolkit: str, workers: Workers) -> Registered:
    secret = tool.secret | write_only_fields(tool.input_schema)
    output = tool.output_schema
    return Registered(
        tool=tool,
        toolkit=toolkit,
        mode=mode_of(tool.handler, inline=tool.inline),
        input=Schema(tool.input_schema, of=f"the input schema of tool {tool.name!r}", secret=secret),
        output=Schema(output, of=f"the output schema of tool {tool.name!r}") if output is not None else None,
        secret=secret,
        workers=workers,
        decided=Decided(tool),
    )

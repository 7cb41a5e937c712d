"""Names and tools, as parts of a spec are given them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from toolyard_agents.errors import SpecError
from toolyard_kernel.errors import DefinitionError
from toolyard_kernel.tools.define import tool_from_handler
from toolyard_kernel.tools.functions import tool as tool_from_function
from toolyard_kernel.tools.tool import Tool, ToolHandler

NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")


class Named(Protocol):
    """A part of a spec."""

    @property
    def name(self) -> str: ...


Part = TypeVar("Part", bound=Named)


def checked_name(name: str, what: str) -> str:
    """The name.

    Raises:
        SpecError: it is not 1 to 60 of A-Z a-z 0-9 _ . -
    """
    if not NAME.fullmatch(name):
        raise SpecError(f"{what} {name!r}: expected 1 to 60 of A-Z a-z 0-9 _ . -")
    return name


def tools_of(given: Iterable[Any], *, of: str) -> tuple[Tool, ...]:
    """Tools, plain functions and objects with `handle`, as tools.

    Raises:
        SpecError: one is none of these, or two have one name.
    """
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(f"{of}: tools={given!r}; expected a list of tools")
    return united((_tool(one, of) for one in given), "tool", of)


def united(parts: Iterable[Part], what: str, of: str) -> tuple[Part, ...]:
    """Each part once; the same one may be given any number of times.

    Raises:
        SpecError: two different ones have one name.
    """
    found: dict[str, Part] = {}
    for part in parts:
        if found.setdefault(part.name, part) != part:
            raise SpecError(f"{of}: two different {what}s are named {part.name!r}; rename one")
    return tuple(found.values())


def _tool(thing: Any, of: str) -> Tool:
    if isinstance(thing, Tool):
        return thing
    try:
        return tool_from_handler(thing) if isinstance(thing, ToolHandler) else tool_from_function(thing)
    except (DefinitionError, TypeError) as error:
        raise SpecError(f"{of}: {error}") from error

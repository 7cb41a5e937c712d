"""A named group of tools that agents of a spec can have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolyard_agents.errors import SpecError
from toolyard_agents.spec.naming import checked_name, tools_of
from toolyard_kernel.tools.registry import PYTHON_TOOLS
from toolyard_kernel.tools.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolkitSpec:
    """Either `tools` of the program's own, or the `settings` of an installed toolkit of this name."""

    name: str
    tools: tuple[Tool, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)


def define_toolkit(name: str, *, tools: Iterable[Any] = (), settings: Mapping[str, Any] | None = None) -> ToolkitSpec:
    """A toolkit: a group of your own `tools`, or, without any, the installed one of this name with its `settings`.

    Raises:
        SpecError: the name is none or taken, or both tools and settings are given.
    """
    given = tools_of(tools, of=f"toolkit {name!r}")
    if given and settings:
        raise SpecError(f"toolkit {name!r} has tools of its own, and settings are for installed ones; give one of both")
    if name == PYTHON_TOOLS:
        raise SpecError(f"toolkit {name!r}: the name stands for tools without a toolkit; choose another")
    return ToolkitSpec(name=checked_name(name, "toolkit"), tools=given, settings=dict(settings or {}))

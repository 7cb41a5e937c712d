"""A kind of plan: the tools that its steps may call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from toolyard_agents.errors import SpecError
from toolyard_agents.spec.naming import checked_name, tools_of
from toolyard_kernel.tools.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSpec:
    """A plan of this kind is a list of calls of these tools, approved as one."""

    name: str
    tools: tuple[Tool, ...]
    description: str = ""


def define_plan(name: str, *, tools: Iterable[Any], description: str = "") -> PlanSpec:
    """A kind of plan. Agents that propose or carry out plans of it get the tools for that.

    Raises:
        SpecError: the name is none, there are no tools, or two have one name.
    """
    given = tools_of(tools, of=f"plan {name!r}")
    if not given:
        raise SpecError(f"plan {name!r} has no tools, so no step could be in it; give tools=[…]")
    return PlanSpec(name=checked_name(name, "plan"), tools=given, description=description)

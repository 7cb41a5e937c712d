"""The tools of an agent, as its model sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from toolyard_agents.models.model import OfferedTool
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate

UNFIT = re.compile(r"[^A-Za-z0-9_-]")
"""What providers do not take in the name of a function, and a tool's name may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the model is told, and which tool it means by a name."""

    tools: tuple[OfferedTool, ...]
    names: Mapping[str, str]


NO_OFFER = Offer(tools=(), names={})


def offer_of(gate: Gate, caller: Caller) -> Offer:
    """The tools that exist for this caller now, under names that every provider takes."""
    names: dict[str, str] = {}
    offered: list[OfferedTool] = []
    for entry in gate.visible(caller):
        tool = entry.tool
        name = _free(UNFIT.sub("_", tool.name), names)
        names[name] = tool.name
        offered.append(OfferedTool(name=name, description=tool.description, parameters=tool.input_schema))
    return Offer(tools=tuple(offered), names=names)


def _free(name: str, taken: Mapping[str, str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name[:60]}_{number}", number + 1
    return free

"""What an entry may hold: it is checked before it is made, or its trace could not be read back."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolyard_agents.errors import StateError
from toolyard_agents.messages import ToolRequest
from toolyard_agents.state.lines import joined
from toolyard_agents.usage import Usage


def text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise StateError(f"{what} is text, not {type(value).__name__}")
    return joined(value)


def request(call: ToolRequest) -> ToolRequest:
    return ToolRequest(
        id=text("the id of a call", call.id),
        name=text("the name of a call's tool", call.name),
        arguments=text("the arguments of a call", call.arguments),
    )


def check_calls(calls: Sequence[ToolRequest]) -> None:
    ids = [call.id for call in calls]
    for id in ids:
        if not id or ids.count(id) > 1:
            raise StateError(f"the calls of one message have the ids {ids}; each needs one of its own")


def check_usage(usage: Usage) -> None:
    check_counts(usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens)
    if usage.cost is not None and not (math.isfinite(usage.cost) and usage.cost >= 0):
        raise StateError(f"{usage.cost!r} is no cost: dollars that are not negative are expected, or None")


def check_counts(*counts: int) -> None:
    """What a provider or a caller gives as a number is refused here, or its trace could not be read back."""
    for count in counts:
        if type(count) is not int or count < 0:
            raise StateError(f"{count!r} is no count: an integer that is not negative is expected")

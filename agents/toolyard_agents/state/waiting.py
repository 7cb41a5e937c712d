"""The calls of an interrupted run that wait for somebody, those of the runs it delegated to among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolyard_agents.errors import StateError
from toolyard_agents.state.entries import Parked
from toolyard_agents.state.state import State
from toolyard_agents.state.traces import parse

CallPath = tuple[str, ...]
"""The id of a call, behind those of the calls that it was delegated through."""


def restored(parked: Parked) -> State:
    """The conversation of a run that was parked.

    Raises:
        TraceError: it is damaged.
    """
    name = f"the run of {parked.agent} that call {parked.tool_call_id!r} waits for"
    return State.from_entries(parse(parked.trace.encode(), name).entries, name)


def waiting(state: State) -> Iterator[CallPath]:
    """The calls without an answer; one that delegated stands for those that its delegate waits for."""
    for call in state.pending():
        if parked := state.parked(call.id):
            yield from ((call.id, *path) for path in waiting(restored(parked)))
        else:
            yield (call.id,)


def answers_for(state: State, given: Mapping[str, bool] | Mapping[CallPath, bool]) -> dict[CallPath, bool]:
    """Whose answer each of those `given` is: a call is named by its path, or by its id if no other that waits has it.

    Raises:
        StateError: two calls that wait are meant.
    """
    if not given:
        return {}
    paths = list(waiting(state))
    found = ((key, [path for path in paths if key in (path, path[-1])]) for key in given)
    return {
        path: answer is True
        for (key, meant), answer in zip(found, given.values(), strict=True)
        for path in _one(key, meant)
    }


def below(answers: Mapping[CallPath, Any], call_id: str) -> dict[CallPath, Any]:
    """The answers that are for the run which this call delegated to."""
    return {path[1:]: answer for path, answer in answers.items() if len(path) > 1 and path[0] == call_id}


def _one(key: str | CallPath, meant: list[CallPath]) -> list[CallPath]:
    if len(meant) > 1:
        named = " or ".join(map(repr, meant))
        raise StateError(f"approval {key!r}: {len(meant)} calls that wait have this id; give {named} instead")
    return meant

"""The changes of a conversation, each of which is one line of its trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from toolyard_agents.messages import ToolRequest
from toolyard_agents.usage import Usage

EndStatus = Literal["completed", "error", "cancelled", "interrupted"]
END_STATUSES: Final[tuple[EndStatus, ...]] = get_args(EndStatus)


@dataclass(frozen=True, slots=True)
class Opened:
    """The conversation exists. It is the first entry of every trace, and of no other place."""

    session_id: str


@dataclass(frozen=True, slots=True)
class UserAdded:
    content: str


@dataclass(frozen=True, slots=True)
class AssistantAdded:
    content: str
    tool_calls: tuple[ToolRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultAdded:
    """The answer to a call of the last assistant's message."""

    tool_call_id: str
    content: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A call delegated to `agent`, whose run waits for somebody: `trace` is its conversation, as lines.

    `binding` is that of the approval which the call itself had, if it needed one.
    """

    tool_call_id: str
    agent: str
    trace: str
    binding: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """How far the policy of a run is, in its own words; None forgets what was noted before."""

    content: str | None


@dataclass(frozen=True, slots=True)
class UsageAdded:
    usage: Usage


@dataclass(frozen=True, slots=True)
class RunBegan:
    """The run that its entry names is under way."""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run that its entry names has ended. Calls without an answer stay open only if it was interrupted."""

    status: EndStatus


@dataclass(frozen=True, slots=True)
class Compacted:
    """`summary` stands, where the last of them was, for the steps with the indices `replaced`."""

    summary: str
    tokens_before: int
    tokens_after: int
    replaced: tuple[int, ...]


Change = (
    Opened | UserAdded | AssistantAdded | ResultAdded | Parked | Noted | UsageAdded | RunBegan | RunEnded | Compacted
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change: number `seq`, counted from 0, at `time` (seconds since the epoch), in the run `run_id` if in any."""

    seq: int
    time: float
    run_id: str | None
    change: Change

"""One entry as a line of JSON, and back."""

from __future__ import annotations

import json
from typing import Any, Final

from toolyard_agents.messages import ToolRequest
from toolyard_agents.state.entries import (
    END_STATUSES,
    AssistantAdded,
    Change,
    Compacted,
    Entry,
    Noted,
    Opened,
    Parked,
    ResultAdded,
    RunBegan,
    RunEnded,
    UsageAdded,
    UserAdded,
)
from toolyard_agents.usage import Usage

VERSION: Final = 1
"""Of the lines. Whatever changes their shape raises it, so a reader refuses what it does not know."""

_PLAIN = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ESCAPED = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


class UnreadableEntryError(ValueError):
    """A line that is no entry; the text says why."""


def to_line(entry: Entry) -> bytes:
    """The entry as one line of JSON, with its end."""
    tag, fields = _written(entry.change)
    data = {"type": tag, "v": VERSION, "seq": entry.seq, "time": entry.time, "run_id": entry.run_id, **fields}
    try:
        text = _PLAIN.encode(data).encode()
    except UnicodeEncodeError:  # half of a surrogate pair is no UTF-8, but can be escaped
        text = _ESCAPED.encode(data).encode()
    return text + b"\n"


def from_line(line: bytes) -> Entry:
    """The entry that a line says.

    Raises:
        UnreadableEntryError: it says none, or one of another version.
    """
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise UnreadableEntryError("it is no JSON") from None
    match data:
        case {"v": int(version)} if version != VERSION:
            raise UnreadableEntryError(f"it has version {version}, and only version {VERSION} can be read")
        case {"v": int(), "seq": int(seq), "time": int() | float() as time, "run_id": str() | None as run_id}:
            fields = {name: value for name, value in data.items() if name not in {"v", "seq", "time", "run_id"}}
            return Entry(seq=seq, time=float(time), run_id=run_id, change=_read(fields))
        case _:
            raise UnreadableEntryError("it is no entry: type, v, seq, time and run_id are expected")


def joined(text: str) -> str:
    """The text with the halves of surrogate pairs joined, as every reader of JSON joins them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def _written(change: Change) -> tuple[str, dict[str, Any]]:
    match change:
        case Opened(session_id):
            return "session", {"session_id": session_id}
        case UserAdded(content):
            return "user", {"content": content}
        case AssistantAdded(content, calls):
            written = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in calls]
            return "assistant", {"content": content, "tool_calls": written}
        case ResultAdded(call_id, content):
            return "tool", {"tool_call_id": call_id, "content": content}
        case Parked(call_id, agent, trace, binding):
            return "parked", {"tool_call_id": call_id, "agent": agent, "trace": trace, "binding": binding}
        case Noted(content):
            return "note", {"content": content}
        case UsageAdded(usage):
            return "usage", _usage_written(usage)
        case RunBegan():
            return "run", {}
        case RunEnded(status):
            return "end", {"status": status}
        case Compacted(summary, before, after, replaced):
            tokens = {"tokens_before": before, "tokens_after": after}
            return "compaction", {"summary": summary, **tokens, "replaced": list(replaced)}


def _usage_written(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost": usage.cost,
    }


def _read(fields: dict[str, Any]) -> Change:
    match fields:
        case {"type": "session", "session_id": str(session_id), **rest} if not rest:
            return Opened(session_id)
        case {"type": "user", "content": str(content), **rest} if not rest:
            return UserAdded(content)
        case {"type": "assistant", "content": str(content), "tool_calls": [*calls], **rest} if not rest:
            return AssistantAdded(content, tuple(map(_call_read, calls)))
        case {"type": "tool", "tool_call_id": str(call_id), "content": str(content), **rest} if not rest:
            return ResultAdded(call_id, content)
        case {"type": "parked", **rest}:
            return _parked_read(rest)
        case {"type": "note", "content": str() | None as content, **rest} if not rest:
            return Noted(content)
        case {"type": "usage", **rest}:
            return UsageAdded(_usage_read(rest))
        case {"type": "run", **rest} if not rest:
            return RunBegan()
        case {"type": "end", "status": status, **rest} if not rest and status in END_STATUSES:
            return RunEnded(status)
        case {"type": "compaction", **rest}:
            return _compacted_read(rest)
        case _:
            raise UnreadableEntryError(f"it is no entry of a known type with its own fields: {fields.get('type')!r}")


def _call_read(call: Any) -> ToolRequest:
    match call:
        case {"id": str(id), "name": str(name), "arguments": str(arguments)}:
            return ToolRequest(id=id, name=name, arguments=arguments)
        case _:
            raise UnreadableEntryError("one of its tool calls is none: id, name and arguments are expected, as text")


def _parked_read(fields: dict[str, Any]) -> Parked:
    match fields:
        case {
            "tool_call_id": str(call_id),
            "agent": str(agent),
            "trace": str(trace),
            "binding": str() | None as binding,
            **rest,
        } if not rest:
            return Parked(call_id, agent, trace, binding)
        case _:
            raise UnreadableEntryError("its parked run is none: a call, an agent, a trace and a binding are expected")


def _usage_read(fields: dict[str, Any]) -> Usage:
    match fields:
        case {
            "input_tokens": input,
            "output_tokens": output,
            "cached_tokens": cached,
            "reasoning_tokens": reasoning,
            "cost": None | int() | float() as cost,
            **rest,
        } if not rest:
            return Usage(
                input_tokens=_count(input),
                output_tokens=_count(output),
                cached_tokens=_count(cached),
                reasoning_tokens=_count(reasoning),
                cost=cost,
            )
        case _:
            raise UnreadableEntryError("its usage is none: four counts of tokens and a cost are expected")


def _compacted_read(fields: dict[str, Any]) -> Compacted:
    match fields:
        case {
            "summary": str(summary),
            "tokens_before": before,
            "tokens_after": after,
            "replaced": [*replaced],
            **rest,
        } if not rest:
            return Compacted(summary, _count(before), _count(after), tuple(map(_count, replaced)))
        case _:
            raise UnreadableEntryError("its compaction is none: a summary, two counts of tokens and steps are expected")


def _count(value: object) -> int:
    match value:
        case bool():
            pass
        case int(count) if count >= 0:
            return count
        case _:
            pass
    raise UnreadableEntryError(f"a number that counts something is expected instead of {value!r}")

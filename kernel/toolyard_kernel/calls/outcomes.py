"""How a call ended.

What is made anew for each call is a `Struct`, here and elsewhere: a frozen dataclass takes ten times as long to make.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct, field

from toolyard_kernel.calls.decisions import Decision
from toolyard_kernel.content import Content, InputRequired, JsonObject, Text

Status = Literal["ok", "tool_error", "denied", "approval_required", "input_required", "cancelled", "timeout", "unknown"]


NO_USAGE: Mapping[str, int] = MappingProxyType({})


def new_call_id() -> str:
    return os.urandom(8).hex()


class ToolCall(Struct, frozen=True, kw_only=True):
    """A call as it arrives: a tool's name and a JSON object. Every round of one call has the same `call_id`."""

    tool: str
    arguments: JsonObject = field(default_factory=dict[str, object])
    thread_id: str | None = None
    run_id: str | None = None
    call_id: str = field(default_factory=new_call_id)


class Outcome(Struct, frozen=True, kw_only=True):
    """The one answer of a call. `duration` is in seconds; `hidden` says the caller must see an unknown tool.

    `raised` is the exception of a handler that failed, for a door that knows its type.
    `input` is what the handler of an `input_required` call needs; without it, the door itself has asked.
    """

    call_id: str
    status: Status
    decision: Decision
    content: tuple[Content, ...] = ()
    structured: JsonObject | None = None
    usage: Mapping[str, int] = field(default_factory=lambda: NO_USAGE)
    duration: float = 0.0
    hidden: bool = False
    input: InputRequired | None = None
    raised: Exception | None = None

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Without `raised`, whose words may quote a secret."""
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name != "raised"]

    def __repr__(self) -> str:
        return f"Outcome({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def text(self) -> str:
        """All text blocks in one."""
        return "\n".join(block.text for block in self.content if isinstance(block, Text))

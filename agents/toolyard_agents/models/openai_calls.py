"""Tool calls that are put together from pieces."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from uuid import uuid4

from toolyard_agents.errors import ModelUnavailable
from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.openai_chunks import CallDelta


@dataclass(slots=True, kw_only=True)
class _Call:
    index: int | None
    id: str = ""
    name: str = ""
    arguments: str = ""

    def is_another(self, delta: CallDelta) -> bool:
        """Whether a piece with this call's index begins another one, as servers that count wrongly send it."""
        if delta.id and self.id:
            return delta.id != self.id
        function = delta.function
        return bool(function and function.name and function.arguments) and _is_whole(self.arguments)

    def add(self, delta: CallDelta) -> None:
        self.id = self.id or delta.id or ""
        if delta.function is None:
            return
        if delta.function.name and delta.function.name != self.name:  # some repeat it with every piece
            self.name += delta.function.name
        arguments = delta.function.arguments or ""
        self.arguments += arguments if isinstance(arguments, str) else json.dumps(arguments)


class CallAssembly:
    """The calls of one answer."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    @property
    def text(self) -> str:
        """All that was written, to estimate its tokens."""
        return "".join(call.name + call.arguments for call in self._calls)

    def add(self, delta: CallDelta) -> None:
        """Take one piece: it goes to the call with its index, or else to the last."""
        known = [call for call in self._calls if delta.index is None or call.index == delta.index]
        if not known or known[-1].is_another(delta):
            known = [_Call(index=delta.index)]
            self._calls += known
        known[-1].add(delta)

    def requests(self, taken: Collection[str]) -> list[ToolRequest]:
        """The calls in their order. One without an id, or with one that is in `taken` or twice here, gets a new one.

        Raises:
            ModelUnavailable: a call has no name.
        """
        seen, requests = set(taken), list[ToolRequest]()
        for call in sorted(self._calls, key=lambda call: call.index or 0):
            if not call.name and not call.arguments:
                continue
            if not call.name:
                raise ModelUnavailable("a call in its answer names no tool")
            id = call.id if call.id and call.id not in seen else f"call_{uuid4().hex}"
            seen.add(id)
            requests.append(ToolRequest(id=id, name=call.name, arguments=call.arguments.strip() or "{}"))
        return requests


def _is_whole(arguments: str) -> bool:
    """Whether it is a whole object, which nothing can follow."""
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False

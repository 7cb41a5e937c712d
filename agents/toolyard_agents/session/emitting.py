"""Telling what happens in a run."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from toolyard_agents.events import TERMINAL, AgentEvent, EventType
from toolyard_agents.hooks.events import redacted_event
from toolyard_agents.hooks.redaction import Redaction

log = logging.getLogger("toolyard")

OnEvent = Callable[[AgentEvent], "Awaitable[None] | None"]
"""Hears each event as it happens, sync or async; a slow one slows the run, and one that raises is only logged."""


Keep = Callable[[AgentEvent], Awaitable[None]]
"""Is given each event before it is heard of. Where it raises, the run ends, unless it was the last event."""


@dataclass(slots=True, kw_only=True)
class Emitter:
    """Numbers the events of one run, keeps them, and hands them on.

    With a `redaction` they are redacted first, and what a model says is held back until its answer is whole: a piece of
    it may be a piece of what must not be told.
    """

    run_id: str
    agent: str
    parent_run_id: str | None = None
    parent_call_id: str | None = None
    on_event: OnEvent | None = None
    keep: Keep | None = None
    redaction: Redaction | None = None
    events: list[AgentEvent] = field(default_factory=list[AgentEvent])
    _held: dict[object, dict[EventType, list[str]]] = field(default_factory=dict[object, dict[EventType, list[str]]])

    async def emit(self, type: EventType, **fields: Any) -> None:
        """Tell it, unless the run has ended: what was left behind has nothing more to say."""
        if self.events and self.events[-1].type in TERMINAL:
            return
        if self.redaction is None:
            await self._tell(type, fields)
        elif type in ("text", "reasoning"):
            answer = self._held.setdefault(asyncio.current_task(), {})
            answer.setdefault(type, []).append(str(fields["content"]))
        else:
            await self._release(everything=type in TERMINAL)
            await self._tell(type, fields)

    async def _release(self, *, everything: bool) -> None:
        """Tell what is held of the answers that the current task takes, or of all."""
        for task in list(self._held) if everything else [asyncio.current_task()]:
            for type, pieces in self._held.pop(task, {}).items():
                await self._tell(type, {"content": "".join(pieces)})

    async def _tell(self, type: EventType, fields: dict[str, Any]) -> None:
        event = AgentEvent(
            type=type,
            seq=len(self.events),
            run_id=self.run_id,
            agent=self.agent,
            parent_run_id=self.parent_run_id,
            parent_call_id=self.parent_call_id,
            timestamp=time.time(),
            **fields,
        )
        if self.redaction is not None:
            event = redacted_event(self.redaction, event)
        self.events.append(event)
        await self._keep(event)
        await self._hand_on(event)

    async def pass_on(self, event: AgentEvent) -> None:
        """An event of a run that this one delegated to: heard with its own, and kept by that run."""
        await self._hand_on(event)

    async def _keep(self, event: AgentEvent) -> None:
        if self.keep is None:
            return
        try:
            await self.keep(event)
        except Exception:
            if event.type not in TERMINAL:
                raise
            log.exception("the end of run %s could not be kept", self.run_id)

    async def _hand_on(self, event: AgentEvent) -> None:
        if self.on_event is None:
            return
        try:
            heard = self.on_event(event)
            if inspect.isawaitable(heard):
                await heard
        except Exception:
            log.exception("whoever hears the events of run %s failed at %s", self.run_id, event.type)

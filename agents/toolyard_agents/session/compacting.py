"""Making room in a conversation that grows too long for its model."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from toolyard_agents.errors import ModelError
from toolyard_agents.models.asking import asked
from toolyard_agents.models.model import Finished, Model, ModelRequest, TextPiece
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.state.compaction import (
    CompactionPlan,
    CompactResult,
    Trigger,
    dropped_note,
    plan_compaction,
    plan_dropping,
    summary_request,
    tokens_after,
)
from toolyard_agents.state.state import State
from toolyard_agents.telemetry.runs import observe_chat
from toolyard_agents.usage import NOTHING, Usage

FULL = 0.8
"""The part of the context window that may be used before the conversation is summarised."""
KEPT = 0.5
"""The part of it that an open task may take when it is summarised."""

log = logging.getLogger("toolyard")


@dataclass(slots=True, kw_only=True)
class Compactor:
    """Summarises `state` by asking `model`, and charges what that uses.

    `window` is the model's context in tokens; None never makes room by itself. `overhead` are the tokens of what is
    sent besides the conversation. `reported` is what the provider counted last.
    """

    model: Model
    state: State
    emitter: Emitter
    window: int | None
    charge: Callable[[Usage], None]
    overhead: int = 0
    reported: int = 0

    def hear(self, usage: Usage) -> None:
        """What the provider counted for the last answer: all of it is in the next question."""
        self.reported = usage.total_tokens

    async def make_room(self) -> None:
        """Compact a conversation that fills its window."""
        tokens = max(self.state.estimate_tokens() + self.overhead, self.reported)
        if self.window is not None and tokens >= FULL * self.window:
            await self.compact("auto")

    async def compact(self, trigger: Trigger) -> CompactResult:
        """Let a summary stand for what can give way; without a summary, drop the oldest turns and say so."""
        before = self.state.estimate_tokens()
        await self.emitter.emit("compact_start", tool_metadata={"trigger": trigger, "tokens": before})
        room = None if self.window is None else int(KEPT * self.window)
        summary = ""
        if plan := plan_compaction(self.state.steps, room=room):
            plan, summary = await self._summary(plan, room)
            self.state.replace_with_summary(
                summary, before, tokens_after(before, plan, summary), replaced=plan.replaced
            )
        self.reported = 0  # it was counted before
        result = CompactResult(
            summary=summary, tokens_before=before, tokens_after=self.state.estimate_tokens(), trigger=trigger
        )
        await self.emitter.emit("compact_end", content=summary, tool_metadata={"tokens": result.tokens_after})
        return result

    async def _summary(self, plan: CompactionPlan, room: int | None) -> tuple[CompactionPlan, str]:
        try:
            text = await self._asked(ModelRequest(messages=summary_request(plan, room=self.window)))
        except ModelError as error:
            log.warning("no summary could be had (%s): the oldest turns are dropped", error)
            text = ""
        if text.strip():
            return plan, text
        dropping = plan_dropping(self.state.steps, room=room or plan.tokens // 2) or plan
        return dropping, dropped_note(dropping)

    async def _asked(self, request: ModelRequest) -> str:
        texts: list[str] = []
        await observe_chat(self.model, self.state.session_id, self._heard(request, texts))
        return "".join(texts)

    async def _heard(self, request: ModelRequest, texts: list[str]) -> Finished:
        finished = Finished(reason="stop", usage=NOTHING)
        async with asked(self.model, request) as pieces:
            async for piece in pieces:
                if isinstance(piece, TextPiece):
                    texts.append(piece.text)
                elif isinstance(piece, Finished):
                    finished = piece
                    self.charge(piece.usage)
        return finished

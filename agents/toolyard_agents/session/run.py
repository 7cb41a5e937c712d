"""One run: a model that is asked, the calls it asks for, and so on until it answers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.model import Model, ModelRequest, ModelSettings
from toolyard_agents.results import StopReason
from toolyard_agents.session.bounds import Bounds
from toolyard_agents.session.calls import Calls
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.session.limits import check_price
from toolyard_agents.session.offering import Offer
from toolyard_agents.session.turn import Turn
from toolyard_agents.state.state import State
from toolyard_agents.usage import NOTHING, Usage

FILTERED = "the provider filtered the answer"


async def _enough() -> Usage:
    """There is room enough."""
    return NOTHING


def _unheard(usage: Usage) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run stops, and the words for it."""

    reason: StopReason
    text: str


@dataclass(slots=True, kw_only=True)
class Run:
    """Drives `state` from a prompt to its answer. `usage` counts what this run used, `turns` the answers it took.

    `make_room` is called before each question, shortens a conversation that has grown too long, and says what that
    used; `heard` is told what the provider counted for each answer.
    """

    model: Model
    settings: ModelSettings
    system_prompt: str
    state: State
    calls: Calls
    emitter: Emitter
    bounds: Bounds
    offer: Callable[[], Offer]
    prompt: str | None = None
    make_room: Callable[[], Awaitable[Usage]] = _enough
    heard: Callable[[Usage], None] = _unheard
    usage: Usage = NOTHING
    turns: int = 0
    turn: Turn = field(default_factory=Turn)
    began: float = field(default_factory=time.monotonic)

    async def go(self) -> Stop:
        """Take the prompt, or go on from where the state stands.

        Raises:
            ModelError: the model cannot be asked.
        """
        check_price(self.bounds, self.model)
        await self.emitter.emit("agent_start", content=self.prompt)
        if self.prompt is not None:
            self.state.add_user_message(self.prompt)
        if waiting := await self._answer(self.state.pending()):
            return waiting
        while True:
            if refusal := self.bounds.refusal(self.turns, self.usage):
                return Stop(*refusal)
            finished = await self._ask()
            if not self.turn.requests:
                text = self.turn.text
                return Stop("error", FILTERED) if finished == "content_filter" and not text else Stop("end", text)
            if waiting := await self._answer(self.turn.requests):
                return waiting

    def spend(self, usage: Usage) -> None:
        """Count what a run used that this one delegated to."""
        self.usage += usage

    async def _ask(self) -> str:
        """Ask the model, and keep its answer."""
        self.usage += await self.make_room()
        self.turn = Turn()
        self.turns += 1
        await self.emitter.emit("step_start", tool_metadata={"step": self.turns})
        offer = self.offer()
        finished = await self.turn.take(self.model, self._request(offer), self.emitter)
        self.calls.names = offer.names
        self.state.add_assistant_message(self.turn.text, tool_calls=tuple(self.turn.requests))
        self.turn.kept = True
        self.state.update_usage(finished.usage)
        self.usage += finished.usage
        self.heard(finished.usage)
        await self.emitter.emit("api_call_complete", usage=finished.usage.to_dict())
        return finished.reason

    def _request(self, offer: Offer) -> ModelRequest:
        system = (Message(role="system", content=self.system_prompt),) if self.system_prompt else ()
        return ModelRequest(messages=(*system, *self.state.get_messages()), tools=offer.tools, settings=self.settings)

    async def _answer(self, requests: Sequence[ToolRequest]) -> Stop | None:
        """Make the calls and keep their answers; a stop when one of them waits for somebody."""
        waits = await self.calls.make(requests, lambda made: self.state.add_tool_result(made.request.id, made.text))
        return Stop("interrupted", "; ".join(one.reason for one in waits)) if waits else None

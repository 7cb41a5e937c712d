"""One run: a model that is asked, the calls it asks for, and so on until it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.model import Model, ModelRequest, ModelSettings
from toolyard_agents.results import StopReason
from toolyard_agents.session.calls import Calls
from toolyard_agents.session.compacting import Compactor
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.session.limits import check_price
from toolyard_agents.session.offering import Offer
from toolyard_agents.session.spending import Spending
from toolyard_agents.session.turn import Turn
from toolyard_agents.state.state import State
from toolyard_agents.state.waiting import CallPath

FILTERED = "the provider filtered the answer"


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run stops, and the words for it."""

    reason: StopReason
    text: str


@dataclass(slots=True, kw_only=True)
class Run:
    """Drives `state` from a prompt to its answer. Without a prompt it goes on with the calls that wait, and with the
    answers `given` to their asks."""

    model: Model
    settings: ModelSettings
    system_prompt: str
    state: State
    calls: Calls
    emitter: Emitter
    spending: Spending
    compactor: Compactor
    offer: Callable[[], Offer]
    token: CancellationToken
    prompt: str | None = None
    given: Mapping[CallPath, bool] = field(default_factory=dict[CallPath, bool])
    turn: Turn = field(default_factory=Turn)

    async def go(self) -> Stop:
        """Take the prompt, or go on from where the state stands.

        Raises:
            ModelError: the model cannot be asked.
        """
        check_price(self.spending, self.model)
        if self.prompt is not None:
            self.state.add_user_message(self.prompt)  # first: whoever keeps the event keeps the prompt with it
        await self.emitter.emit("agent_start", content=self.prompt)
        if waiting := await self._answer(self.state.pending(), self.given):
            return waiting
        while True:
            if self.token.is_cancelled():  # whoever hears the events may have swallowed the cancellation
                return Stop("cancelled", self.token.reason)
            if refusal := self.spending.refusal():
                return Stop(*refusal)
            finished = await self._ask()
            if not self.turn.requests:
                text = self.turn.text
                return Stop("error", FILTERED) if finished == "content_filter" and not text else Stop("end", text)
            if waiting := await self._answer(self.turn.requests, {}):
                return waiting

    async def _ask(self) -> str:
        """Ask the model, and keep its answer."""
        await self.compactor.make_room()
        self.turn = Turn()
        await self.emitter.emit("step_start", tool_metadata={"step": self.spending.take_step()})
        offer = self.offer()
        finished = await self.turn.take(self.model, self._request(offer), self.emitter)
        self.calls.names = offer.names
        self.state.add_assistant_message(self.turn.text, tool_calls=tuple(self.turn.requests))
        self.turn.kept = True
        self.spending.charge(finished.usage)
        self.compactor.hear(finished.usage)
        asked = [{"id": one.id, "name": one.name} for one in self.turn.requests]
        about = {"reason": finished.reason, "tool_calls": asked, "cost": finished.usage.cost}
        await self.emitter.emit("api_call_complete", usage=finished.usage.to_dict(), tool_metadata=about)
        return finished.reason

    def _request(self, offer: Offer) -> ModelRequest:
        system = (Message(role="system", content=self.system_prompt),) if self.system_prompt else ()
        return ModelRequest(messages=(*system, *self.state.get_messages()), tools=offer.tools, settings=self.settings)

    async def _answer(self, requests: Sequence[ToolRequest], given: Mapping[CallPath, bool]) -> Stop | None:
        """Make the calls and keep their answers; a stop when one of them waits for somebody."""
        keep = self.state.add_tool_result
        waits = await self.calls.make(requests, given, lambda made: keep(made.request.id, made.text))
        return Stop("interrupted", "; ".join(one.reason for one in waits)) if waits else None

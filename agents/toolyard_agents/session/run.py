"""One run, and what its policy can do in it: ask the model, make its calls, and keep what they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.control.run_control import RunControl
from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.model import Model, ModelRequest, ModelSettings
from toolyard_agents.session.calls import Answered, Calls, Waiting
from toolyard_agents.session.compacting import Compactor
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.session.limits import check_price
from toolyard_agents.session.offering import NO_OFFER, Offer
from toolyard_agents.session.recording import Recording
from toolyard_agents.session.spending import Spending
from toolyard_agents.session.stop import Stop
from toolyard_agents.session.turn import Turn
from toolyard_agents.state.spent import last_prompt
from toolyard_agents.state.state import State
from toolyard_agents.state.waiting import CallPath
from toolyard_agents.telemetry.runs import observe_chat

if TYPE_CHECKING:
    from toolyard_agents.policies.policy import Policy

FILTERED = "the provider filtered the answer"
SAID = "said"
"""The content of the event that tells what was said from outside."""


@dataclass(slots=True, kw_only=True)
class Run:
    """Takes `state` from a prompt to its answer, by way of a policy, which asks and answers with the methods below.

    Without a prompt it goes on with the calls that wait, and with the answers `given` to their asks. It is interrupted
    after `until` steps. `recorded` is the run that it plays again: what was written down is not done.
    `final` is the state of a policy that has one besides the conversation.
    """

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
    policy: Policy
    prompt: str | None = None
    until: int | None = None
    recorded: Recording | None = None
    given: Mapping[CallPath, bool] = field(default_factory=dict[CallPath, bool])
    turn: Turn = field(default_factory=Turn)
    final: Any = None
    control: RunControl = field(default_factory=RunControl)

    async def go(self) -> Stop:
        """Take the prompt, or go on from where the state stands, and let the policy decide what comes next.

        Raises:
            ModelError: the model cannot be asked.
        """
        check_price(self.spending, self.model)
        if self.prompt is not None:
            self.state.add_user_message(self.prompt)  # first: whoever keeps the event keeps the prompt with it
            if self.state.notes:
                self.state.note(None)
        await self.emitter.emit("agent_start", content=self.prompt)
        stop = await self.policy.drive(self)
        self.control.close()  # nothing could be said between the policy's last look and this
        return stop

    async def stop(self) -> Stop | None:
        """Why no further step may be taken; a policy asks before each. A run that is paused waits here."""
        await self._hear()
        if self.token.is_cancelled():  # whoever hears the events may have swallowed the cancellation
            return Stop("cancelled", self.token.reason)
        if self.until is not None and self.spending.steps >= self.until:
            return Stop("interrupted", f"{self.until} steps were taken, as many as were wanted")
        refusal = self.spending.refusal()
        return Stop(*refusal) if refusal else None

    async def _hear(self) -> None:
        """Wait while the run is paused, and take what was said to it, unless a call waits for its answer."""
        await self.control.pause.wait_out(self.emitter)
        if not self.unheard or self.state.pending():
            return
        for text in self.control.take():
            self.state.add_user_message(text)
            about = {"text": text, "after_step": self.spending.steps}
            await self.emitter.emit("custom", content=SAID, tool_metadata=about)

    async def step(self, **about: Any) -> int:
        """Count a step, and tell that it begins; its number."""
        number = self.spending.take_step()
        await self.emitter.emit("step_start", tool_metadata={"step": number, **about})
        return number

    async def ask(self, *, system: str | None = None, with_tools: bool = True) -> None:
        """Ask the model, and keep its answer, which is `turn` then. `system` is said before the system prompt.

        Raises:
            ModelError: it cannot be asked.
        """
        await self.compactor.make_room()
        self.turn = Turn()
        await self.step()
        offer = self.offer() if with_tools else NO_OFFER
        answer = self.turn.take(self.model, self._request(offer, system), self.emitter)
        finished = await observe_chat(self.model, self.state.session_id, answer)
        self.calls.names = offer.names
        self.state.add_assistant_message(self.turn.text, tool_calls=tuple(self.turn.requests))
        self.turn.kept = True
        self.spending.charge(finished.usage)
        self.compactor.hear(finished.usage)
        asked = [{"id": one.id, "name": one.name} for one in self.turn.requests]
        about = {"reason": finished.reason, "tool_calls": asked, "cost": finished.usage.cost}
        await self.emitter.emit("api_call_complete", usage=finished.usage.to_dict(), tool_metadata=about)

    @property
    def unheard(self) -> bool:
        """Whether something was said from outside that the model has yet to read: a run does not end before."""
        for text in self.recorded.said_after(self.spending.steps) if self.recorded else ():
            self.control.say(text)
        self.control.pause.look()
        return self.control.said

    def said(self) -> Stop:
        """The end of a run whose model has answered."""
        text, finished = self.turn.text, self.turn.finished
        filtered = finished is not None and finished.reason == "content_filter" and not text
        return Stop("error", FILTERED) if filtered else Stop("end", text)

    async def answer(self) -> Stop | None:
        """Make the calls that wait, and keep their answers; a stop when one of them waits for somebody."""
        return waiting_stop(await self.calls.make(self.state.pending(), self.take_given(), self.keep))

    def take_given(self) -> Mapping[CallPath, bool]:
        """The answers that the run was resumed with, once."""
        given, self.given = self.given, {}
        return given

    async def hold(self, requests: Iterable[ToolRequest], reason: str) -> None:
        """Answer calls without making them."""
        for request in requests:
            self.keep(await self.calls.hold(request, reason))

    def keep(self, made: Answered) -> None:
        """Keep the answer of a call."""
        self.state.add_tool_result(made.request.id, made.text)

    @property
    def task(self) -> str:
        """What the run was asked for, also when it goes on."""
        return self.prompt if self.prompt is not None else last_prompt(self.state.entries)

    @property
    def asked(self) -> int:
        """How often the model was asked since the last message of a user."""
        later = takewhile(lambda message: message.role != "user", reversed(self.state.messages))
        return sum(message.role == "assistant" for message in later)

    def _request(self, offer: Offer, system: str | None) -> ModelRequest:
        said = "\n\n".join(filter(None, (system, self.system_prompt)))
        first = (Message(role="system", content=said),) if said else ()
        return ModelRequest(messages=(*first, *self.state.get_messages()), tools=offer.tools, settings=self.settings)


def waiting_stop(waits: Sequence[Waiting]) -> Stop | None:
    """The stop of a run whose calls wait for somebody."""
    return Stop("interrupted", "; ".join(one.reason for one in waits)) if waits else None

"""A run that is played again, as far as it was written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toolyard_agents.errors import ModelError
from toolyard_agents.state.steps import INTERRUPTED
from toolyard_kernel.calls.decisions import refuse
from toolyard_kernel.calls.outcomes import Outcome
from toolyard_kernel.content import JsonObject, Text

NEVER_ENDED = refuse("trace", INTERRUPTED)


@dataclass(slots=True, kw_only=True)
class Recording:
    """`notes` are what its policy noted, `arguments` and `outcomes` those of its calls by the ids that the model gave
    them, `said` what was said to it from outside, each with the number of the step before it, and `reason` why it
    ended; `over` says that more was wanted than is there."""

    notes: Sequence[str] = ()
    arguments: Mapping[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    outcomes: Mapping[str, Outcome] = field(default_factory=dict[str, Outcome])
    said: Sequence[tuple[int, str]] = ()
    reason: str = ""
    over: bool = False

    def outcome(self, call_id: str) -> Outcome:
        """How a call ended."""
        if found := self.outcomes.get(call_id):
            return found
        self.over = True
        return Outcome(call_id=call_id, status="unknown", decision=NEVER_ENDED, content=(Text(NEVER_ENDED.reason),))

    def said_after(self, step: int) -> list[str]:
        """What was said to it after this step, once."""
        texts = [text for number, text in self.said if number == step]
        self.said = [one for one in self.said if one[0] != step]
        return texts

    def end(self) -> ModelError:
        """The error of whoever wants more than was written down."""
        self.over = True
        return ModelError(self.reason or "the trace ends here")

"""What was said, whole, and what of it a model is sent."""

from __future__ import annotations

from collections.abc import Sequence

from toolyard_agents.errors import StateError
from toolyard_agents.messages import Message
from toolyard_agents.state.estimates import message_tokens
from toolyard_agents.state.steps import Step, interrupted, step_of, summary_step


class Conversation:
    """`messages` is all that was said; `steps` is what a model is sent, where a summary may stand for other steps.

    Only the last step can have calls without an answer. `tokens` is an upper guess for what stands in `steps`.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.steps: list[Step] = []
        self.tokens = 0
        self._known: set[str] = set()

    def add(self, message: Message) -> None:
        """A message of a user or an assistant; what was not answered before it stays without an answer."""
        self.close()
        step = step_of(message)
        self.messages.append(message)
        self.steps.append(step)
        self._known.update(call.id for call in message.tool_calls)
        if step.messages:
            self.tokens += message_tokens(message)

    def open_call(self, call_id: str) -> int:
        """Which call of the last step has this id and no answer yet.

        Raises:
            StateError: there is no such call, or it was answered.
        """
        last = self.steps[-1] if self.steps else None
        index = last.index(call_id) if last else None
        if last and index is not None and last.answers[index] is None:
            return index
        if call_id in self._known:
            raise StateError(f"the call {call_id!r} has its answer already; a call is answered once")
        waiting = ", ".join(repr(call.id) for call in last.pending) if last else ""
        raise StateError(f"no call {call_id!r} was asked for; {waiting or 'none'} waits for an answer")

    def answer(self, call_id: str, content: str) -> None:
        """The answer to a call of the last step; it takes the place of its call, whatever comes first."""
        self._put(self.open_call(call_id), Message(role="tool", content=content, tool_call_id=call_id))

    def close(self) -> None:
        """No answers come any more: what has none keeps the one that says so."""
        if self.steps:
            for call in self.steps[-1].pending:
                self._put(self.open_call(call.id), interrupted(call))

    def check_replaced(self, replaced: Sequence[int]) -> None:
        """Whether these steps can be replaced.

        Raises:
            StateError: they are no steps in their order, or one of them waits for answers.
        """
        if list(replaced) != sorted(set(replaced)) or not all(0 <= index < len(self.steps) for index in replaced):
            raise StateError(
                f"{list(replaced)} are no steps to replace: indices below {len(self.steps)} are expected, ascending"
            )
        if any(self.steps[index].pending for index in replaced):
            raise StateError("the last step cannot be replaced: calls in it wait for their answers")

    def replace(self, replaced: Sequence[int], summary: str) -> None:
        """Put a summary where the last of these steps was; without any, before all others."""
        gone = set(replaced)
        self.tokens -= sum(self.steps[index].tokens for index in gone)
        at = replaced[-1] if replaced else 0
        before = [step for index, step in enumerate(self.steps[:at]) if index not in gone]
        after = [step for index, step in enumerate(self.steps[at:], at) if index not in gone]
        stands = summary_step(summary)
        self.steps = [*before, stands, *after]
        self.tokens += stands.tokens

    def _put(self, index: int, answer: Message) -> None:
        last = self.steps[-1]
        later = sum(given is not None for given in last.answers[index + 1 :])
        self.messages.insert(len(self.messages) - later, answer)
        self.steps[-1] = last.answered(index, answer.content)
        self.tokens += message_tokens(answer)

"""A step of a conversation: one message, with the answers to the calls in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.state.estimates import message_tokens

INTERRUPTED = (
    "This call was interrupted: no result was recorded, and its outcome is unknown. "
    "Find out what it did before you repeat it."
)
SUMMARY = "Summary of what came before, which it replaces:\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A user's message, an assistant's with its answers, or (`is_summary`) what stands for the steps it replaced.

    `answers` has one place for each call, in their order; None is a call that has no answer yet.
    """

    message: Message
    answers: tuple[Message | None, ...] = ()
    is_summary: bool = False

    @property
    def pending(self) -> tuple[ToolRequest, ...]:
        """The calls without an answer, in their order."""
        calls = zip(self.message.tool_calls, self.answers, strict=True)
        return tuple(call for call, answer in calls if answer is None)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The message and the answers, one for each call; nothing for an assistant that said and called nothing."""
        if self.message.role == "assistant" and not self.message.content and not self.message.tool_calls:
            return ()
        calls = zip(self.message.tool_calls, self.answers, strict=True)
        return self.message, *(answer or interrupted(call) for call, answer in calls)

    @property
    def is_prompt(self) -> bool:
        """Whether a user said it."""
        return self.message.role == "user" and not self.is_summary

    @property
    def tokens(self) -> int:
        """An upper guess of what it adds to a request."""
        return sum(map(message_tokens, self.messages))

    def index(self, call_id: str) -> int | None:
        """Which of its calls has this id; None when none has."""
        ids = [call.id for call in self.message.tool_calls]
        return ids.index(call_id) if call_id in ids else None

    def answered(self, index: int, content: str) -> Step:
        """With the answer to one of its calls."""
        answer = Message(role="tool", content=content, tool_call_id=self.message.tool_calls[index].id)
        return replace(self, answers=(*self.answers[:index], answer, *self.answers[index + 1 :]))


def step_of(message: Message) -> Step:
    """A step whose calls wait for their answers."""
    return Step(message=message, answers=(None,) * len(message.tool_calls))


def summary_step(summary: str) -> Step:
    """What stands for the steps that a summary replaced."""
    return Step(message=Message(role="user", content=SUMMARY + summary), is_summary=True)


def interrupted(call: ToolRequest) -> Message:
    """What stands for the answer of a call that has none."""
    return Message(role="tool", content=INTERRUPTED, tool_call_id=call.id)


def messages_of(steps: Sequence[Step]) -> list[Message]:
    """The messages of all steps, as a model is sent them."""
    return [message for step in steps for message in step.messages]

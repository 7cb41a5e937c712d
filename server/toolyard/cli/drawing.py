"""What is drawn on stderr while an agent runs or a call asks, whatever draws it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from toolyard_kernel.approvals.shown import shown, shown_text
from toolyard_kernel.content import JsonObject

WIDEST = 400
"""Characters of a call, or of its answer, in one line."""

Look = Literal["call", "aside", "wrong", "waiting"]
"""What a line is about: a call that begins, what may be overlooked, what went wrong, what waits for somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a call asks for, as text that steers no terminal.

    `answered` says that somebody here is asked; else the question is only told, of a run of the agent `whose`.
    """

    tool: str
    arguments: str
    reason: str
    preview: str
    answered: bool
    whose: str = ""


class Drawing(Protocol):
    """Draws text as it is given: whatever comes from an agent went through `shown_text`, or `one_line`, before."""

    def line(self, text: str, look: Look) -> None: ...

    def asking(self, question: Question) -> AbstractContextManager[None]:
        """Show a question; nothing moves on the terminal until the context is left."""
        ...

    def doing(self, what: str | None) -> None:
        """Show what goes on, until something else is drawn; None takes it away."""
        ...


def question_of(
    *, tool: str, arguments: JsonObject, reason: str, preview: str | None, answered: bool, whose: str = ""
) -> Question:
    return Question(
        tool=shown_text(tool),
        arguments=shown(arguments),
        reason=shown_text(reason),
        preview=shown_text(preview or ""),
        answered=answered,
        whose=shown_text(whose),
    )


def one_line(text: str, widest: int = WIDEST) -> str:
    """The text in one line that steers no terminal, and not too long a one."""
    line = " ".join(shown_text(text).split())
    return line if len(line) <= widest else f"{line[:widest]}... ({len(line)} characters)"

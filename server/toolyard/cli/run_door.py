"""Who answers what an agent's calls ask, when the agent is run from the command line."""

from __future__ import annotations

import anyio

from toolyard.cli.drawing import Drawing
from toolyard.cli.terminal import ask_on_terminal
from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.content import JsonObject


class RunDoor:
    """The way back to the person who runs an agent; they are asked one thing at a time.

    With `always` every ask is answered with yes; without it, and without a terminal, nobody can be asked.
    """

    def __init__(self, drawing: Drawing, *, terminal: bool, always: bool) -> None:
        self._drawing = drawing
        self._terminal = terminal
        self._always = always
        self._one_at_a_time = anyio.Lock()

    @property
    def wire(self) -> None:
        return None

    @property
    def resumed(self) -> None:
        return None

    async def report(self, value: float, total: float | None, message: str | None) -> None:
        """The run's events tell it."""

    async def emit(self, kind: str, data: JsonObject) -> None:
        """See report."""

    async def started(self) -> None:
        """The run's events tell it, too."""

    async def elicit(self, ask: Ask) -> Answer | None:
        if self._always:
            return Answer(approved=True, reason="--yes was given")
        if not self._terminal:
            return None
        deadline = ask.caller.profile.approval.deadline
        with anyio.move_on_after(deadline):
            async with self._one_at_a_time:
                approved = await ask_on_terminal(self._drawing, ask)
            return Answer(approved=approved, reason=f"the person at the terminal said {'yes' if approved else 'no'}")
        return Answer(approved=False, reason=f"approval was not given within {deadline:g}s")

"""What a run is told while it goes on, and how it stands."""

from __future__ import annotations

from toolyard_agents.control.pause import Pause
from toolyard_agents.control.records import Standing
from toolyard_agents.events import TERMINAL, AgentEvent

MOST_SAID = 100
"""Messages that wait for a model's next request at the most."""
_ANSWERED = frozenset({"approval_decision", "tool_start", "tool_blocked", "tool_end"})


class RunControl:
    """Of one run. `pause` is that of whoever delegated to it, if somebody did: they wait together."""

    def __init__(self, pause: Pause | None = None) -> None:
        self.pause = pause or Pause()
        self._said: list[str] = []
        self._closed: str | None = None
        self._asked: set[tuple[str, str | None]] = set()

    @property
    def standing(self) -> Standing:
        """How the run stands now; one that was told to pause runs until its step ends."""
        return "paused" if self.pause.holds else "waiting" if self._asked else "running"

    @property
    def said(self) -> bool:
        """Whether something waits to be passed on to the model."""
        return bool(self._said)

    def say(self, text: str) -> str | None:
        """Pass a text on to the model with its next request; what is returned says why that cannot be."""
        if self._closed is not None:
            return self._closed
        if len(self._said) >= MOST_SAID:
            return "has too many messages waiting for its model already"
        self._said.append(text)
        return None

    def take(self) -> list[str]:
        """What is to be passed on now."""
        said, self._said = self._said, []
        return said

    def close(self, why: str = "has ended") -> None:
        """From now on nothing is taken that would be passed on; whoever says something is told why."""
        self._closed = why

    def notice(self, event: AgentEvent) -> None:
        """Keep count of the asks that wait for an answer."""
        call = (event.run_id, event.tool_call_id)
        if event.type == "approval_required":
            self._asked.add(call)
        elif event.type in _ANSWERED:
            self._asked.discard(call)
        elif event.type in TERMINAL:
            self._asked = {one for one in self._asked if one[0] != event.run_id}

"""What every framework under measurement does: the same runs, with a model that answers at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

TOOL = "double"
"""The one tool of every agent: async, one integer in, one out."""
ANSWER = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run: so many answers that each ask for so many calls, and one that is `ANSWER`."""

    asking: int
    calls: int

    @property
    def prompt(self) -> str:
        return f"{self.asking} {self.calls}"


def calls_of(prompt: str, results: int) -> int:
    """How many calls the next answer asks for, after so many results: models hold no state. 0 is the last answer."""
    asking, calls = map(int, prompt.split())
    return calls if results < asking * calls else 0


class Contender(Protocol):
    """One framework, open."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def session(self) -> Any:
        """A conversation, empty."""
        ...

    async def run(self, session: Any, plan: Plan) -> str:
        """Run `plan.prompt` in the session, which keeps the conversation; the answer."""
        ...

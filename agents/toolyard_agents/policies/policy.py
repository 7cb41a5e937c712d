"""What a policy is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from toolyard_agents.errors import AgentError
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.tool import Tool

if TYPE_CHECKING:
    from toolyard_agents.agent import Agent
    from toolyard_agents.session.run import Run
    from toolyard_agents.session.stop import Stop


class Policy(Protocol):
    """Decides what a run does next; it is shared by any number of runs, and keeps nothing of them."""

    @property
    def about(self) -> JsonObject:
        """Its name as `policy`, and its settings: a trace is played again by a policy that says the same."""
        ...

    def tools(self, agents: Mapping[str, Agent]) -> Sequence[Tool]:
        """The tools that it brings for a run, besides the agent's own; `agents` are those it can name.

        Raises:
            AgentError: it cannot be used as it is.
        """
        ...

    async def drive(self, run: Run) -> Stop:
        """Take the run to its end: from its prompt, or, when it goes on, from where its state stands.

        Raises:
            ModelError: the model cannot be asked.
        """
        ...


def check_policy(policy: object) -> None:
    """That it is a policy, and not its class or its name.

    Raises:
        AgentError: it is none.
    """
    has_all = all(hasattr(policy, name) for name in ("about", "tools", "drive"))
    if policy is not None and (isinstance(policy, type) or not has_all):
        what = f"the class {policy.__name__}" if isinstance(policy, type) else repr(policy)
        raise AgentError(f"policy={what}; expected a policy, such as ReActPolicy()")

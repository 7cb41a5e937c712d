"""The policy of an agent that names none."""

from __future__ import annotations

from toolyard_agents.agent import Agent
from toolyard_agents.policies.policy import Policy
from toolyard_agents.policies.react import ReActPolicy

DEFAULT = ReActPolicy()


def policy_of(agent: Agent) -> Policy:
    """The agent's own, or the default one."""
    return agent.policy or DEFAULT

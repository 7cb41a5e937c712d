"""The agents of a config, with the server's own tools."""

from __future__ import annotations

from collections.abc import Sequence

from toolyard_agents.agent import Agent
from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.delegation import enable_delegation
from toolyard_agents.team.team import Team
from toolyard_agents.threads.folders import FolderThreads
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.errors import ConfigError, UnknownName
from toolyard_kernel.folders import state_folder
from toolyard_kernel.references.overflow import RESOLVE
from toolyard_kernel.references.tool import resolve_tool
from toolyard_kernel.tools.registry import Registry

OURS = "runtime"
"""The toolkit of the tools that a runtime gives its agents."""


def team_of(configs: Sequence[AgentConfig], gate: Gate) -> Team:
    """The agents, each with those of the server's tools that its config names, by default all.

    Raises:
        ConfigError: a name is missing, stands twice, or is of no tool or agent.
    """
    agents: dict[str, Agent] = {}
    for config in configs:
        if config.name is None:
            raise ConfigError("agents: an agent has no name; give each one a name of its own")
        if config.name in agents:
            raise ConfigError(f"agents: two are named {config.name!r}; rename one")
        registry = _tools_of(config, gate.registry)
        if gate.references is not None and registry.find(RESOLVE) is None:
            registry.register(resolve_tool(gate.references), toolkit=OURS)  # or it could not read on what is too long
        agents[config.name] = Agent(config, registry=registry)
    for agent in agents.values():
        _connect(agent, agents)
    return Team(agents=agents, gate=gate, threads=FolderThreads(state=state_folder()))


def _tools_of(config: AgentConfig, registry: Registry) -> Registry:
    try:
        return registry.select(config.tools)
    except UnknownName as error:
        raise ConfigError(f"agents.{config.name}.tools: {error}") from error


def _connect(agent: Agent, agents: dict[str, Agent]) -> None:
    routes = agent.config.routes
    if unknown := [name for name in routes if name not in agents or name == agent.name]:
        raise ConfigError(
            f"agents.{agent.name}.routes: {', '.join(map(repr, unknown))}: expected other agents of this config"
        )
    if routes or agent.config.enable_delegate:
        enable_delegation(agent, {name: agents[name] for name in routes})

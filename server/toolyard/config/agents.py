"""What a config file may say about agents: apart, since a server without any loads none of this."""

from __future__ import annotations

from pydantic import Field

from toolyard.config.model import Config
from toolyard_agents.config.definition import AgentDefinition


class ConfigWithAgents(Config):
    """A Toolyard server."""

    agents: list[AgentDefinition] = Field(default=[], description="Agents, served as tools that run them.")

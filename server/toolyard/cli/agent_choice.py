"""The agent that `toolyard run` runs: one of a server's config, one of a file, or one made of the options."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from toolyard.config.runtime import LoadedConfig, load_config, runtime_of
from toolyard.runtime import ToolRuntime
from toolyard.standard_streams import claimed_streams
from toolyard_agents.agent import Agent
from toolyard_agents.agent_runtime.options import RuntimeOptions
from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.delegation import enable_delegation
from toolyard_agents.opened import OpenAgent, opened, opened_behind
from toolyard_agents.team.team import chosen
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.folders import config_folder
from toolyard_kernel.profiles.choice import names_a_file

CALLER = "cli"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChoice:
    """Which agent is meant, and what is different about it."""

    config: Path | None
    agent: str | None
    profile: str | None
    working_dir: str | None
    vars: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenAgent:
    """An agent and its caller, with what must be open for it; `stdout` is the command's own."""

    agent: Agent
    caller: Caller
    opened: Callable[[], AbstractAsyncContextManager[OpenAgent]]
    stdout: BinaryIO


@contextmanager
def chosen_agent(choice: AgentChoice) -> Generator[ChosenAgent]:
    """The agent, with stdout kept for its answer while it is loaded and run.

    Raises:
        ConfigError, AgentError, PromptError: there is none of this name, or it cannot be used as it is.
    """
    with claimed_streams() as streams:
        if choice.config is None:
            agent = _own(choice)
            caller = Caller(id=CALLER, profile=agent.profile)
            yield ChosenAgent(agent=agent, caller=caller, opened=partial(opened, agent), stdout=streams.stdout)
        else:
            runtime, caller, agent = _served(choice, choice.config)
            keep_open = partial(_opened_in, runtime, agent)
            yield ChosenAgent(agent=agent, caller=caller, opened=keep_open, stdout=streams.stdout)


def _own(choice: AgentChoice) -> Agent:
    config, delegates = _own_config(choice)
    if config.routes:
        raise ConfigError(f"routes: {', '.join(config.routes)}: only an agent of a server's config reaches others")
    changed = replace(
        config,
        profile=choice.profile or config.profile,
        working_dir=choice.working_dir or config.working_dir,
        vars={**config.vars, **choice.vars},
    )
    agent = Agent(changed)
    if delegates:
        enable_delegation(agent, {})
    return agent


def _own_config(choice: AgentChoice) -> tuple[AgentConfig, bool]:
    """The config, and whether the agent may delegate."""
    if choice.agent is None:
        options = RuntimeOptions()
        config = AgentConfig(
            model=options.model,
            base_url=options.base_url,
            reasoning_effort=options.reasoning_effort,
            profile=options.profile,
            working_dir=options.working_dir,
        )
        return config, options.enable_delegate
    path = Path(choice.agent)
    if not names_a_file(choice.agent):
        path = config_folder() / "agents" / f"{choice.agent}.yaml"
        if not path.is_file():
            raise ConfigError(
                f"no agent is named {choice.agent!r}; expected the path of an agent's YAML file, a file {path}, "
                f"or --config with a config that has this agent"
            )
    config = AgentConfig.from_file(path)
    return config, bool(config.enable_delegate)


def _served(choice: AgentChoice, config: Path) -> tuple[ToolRuntime, Caller, Agent]:
    """An agent of a server's config, called with the rights of the person at the command line."""
    if choice.working_dir is not None:
        raise ConfigError(f"--working-dir: the toolkits of {config} have folders of their own; leave it out")
    if choice.agent is not None and names_a_file(choice.agent):
        raise ConfigError(f"--agent {choice.agent}: expected the name of an agent of {config}, or leave out --config")
    loaded = _with_vars(load_config(config), choice)
    runtime = runtime_of(loaded)
    if runtime.team is None:
        raise ConfigError(f"{loaded.path} has no agents; add some, or leave out --config")
    agent = chosen(runtime.team.agents, choice.agent)
    caller = runtime.caller(CALLER, loaded.profile(choice.profile) if choice.profile else None)
    if agent.name not in caller.profile.agents:
        raise ConfigError(f"profile {caller.profile.profile!r} does not let you run the agent {agent.name!r}")
    return runtime, caller, agent


def _with_vars(loaded: LoadedConfig, choice: AgentChoice) -> LoadedConfig:
    if not choice.vars:
        return loaded
    agents = loaded.config.agents
    if choice.agent is None and len(agents) > 1:
        raise ConfigError("--var: there are several agents; say with --agent whose variables these are")
    changed = [
        each.model_copy(update={"vars": {**each.vars, **choice.vars}}) if choice.agent in (None, each.name) else each
        for each in agents
    ]
    return replace(loaded, config=loaded.config.model_copy(update={"agents": changed}))


@asynccontextmanager
async def _opened_in(runtime: ToolRuntime, agent: Agent) -> AsyncGenerator[OpenAgent]:
    async with runtime.lifespan(), opened_behind(runtime.tool_gate, agent) as open_agent:
        yield open_agent

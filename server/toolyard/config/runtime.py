"""From a config file to a runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolyard.config.model import Config, ProfileChoice
from toolyard.python_tools import load_function, load_module
from toolyard.runtime import ToolRuntime, create_mcp_runtime
from toolyard_kernel.approvals.asks import Approver
from toolyard_kernel.errors import ConfigError, DefinitionError
from toolyard_kernel.folders import state_folder
from toolyard_kernel.ledger.files import FileLedger, Keeping
from toolyard_kernel.offers.resources import Resource, ResourceTemplate
from toolyard_kernel.profiles.choice import choose_profile
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.references.store import ReferenceStore
from toolyard_kernel.tools.tool import Tool
from toolyard_kernel.tools.toolkits import Toolkit
from toolyard_kernel.yaml_files import read_yaml, validated

if TYPE_CHECKING:
    from toolyard_agents.config.agent_config import AgentConfig
    from toolyard_kernel.offers.prompts import Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """A config file that was read and found right."""

    path: Path
    config: Config

    def profile(self, choice: ProfileChoice) -> PermissionProfile:
        """The profile this config means by `choice`.

        Raises:
            ConfigError: naming the file.
        """
        try:
            return choose_profile(choice, base=self.path.parent)
        except ConfigError as error:
            raise ConfigError(f"{self.path}: {error}") from error

    def extend(self) -> Callable[..., Any] | None:
        """The function that `extend` names, to be called with the MCP SDK's server; its module is imported.

        Raises:
            ConfigError: naming the file.
        """
        if self.config.extend is None:
            return None
        return load_function(self.config.extend, where=f"{self.path}: extend", base=self.path.parent)


def load_config(path: Path) -> LoadedConfig:
    """Read and check a config file.

    Raises:
        ConfigError: naming the file, the key, what was expected and what to do.
    """
    path = path.absolute()
    said = read_yaml(path)
    config = validated(config_model(said), said, where=str(path), base=path.parent)
    return LoadedConfig(path=path, config=config)


def config_model(said: Mapping[str, Any]) -> type[Config]:
    """What checks a config that says this."""
    if not said.get("agents"):
        return Config
    # Here, not at the top: a server without agents needs none of this.
    from toolyard.config.agents import ConfigWithAgents  # noqa: PLC0415

    return ConfigWithAgents


def runtime_of(
    loaded: LoadedConfig,
    approver: Approver | None = None,
    *,
    again: bool = False,
    references: ReferenceStore | None = None,
) -> ToolRuntime:
    """The runtime a config describes. Modules it names are imported: whatever they print goes where stdout goes.

    `again` imports them anew, as a reload must. `references` are as in `create_mcp_runtime`.

    Raises:
        ConfigError, DefinitionError: naming the file where a toolkit, module or profile in it cannot be used.
    """
    where, base = str(loaded.path), loaded.path.parent
    tools: list[Tool] = []
    resources: list[Resource | ResourceTemplate] = []
    prompts, toolkits = _prompts(loaded), _toolkits(loaded)
    for name in loaded.config.python:
        module = load_module(name, where=f"{where}: python", base=base, again=again)
        tools.extend(module.tools)
        toolkits.extend(module.toolkits)
        resources.extend(module.resources)
        prompts.extend(module.prompts)
    profile = loaded.profile(loaded.config.profile)
    ledger = FileLedger(state_folder(), Keeping(**dict(loaded.config.ledger)))
    try:
        return create_mcp_runtime(
            tools=tools,
            toolkits=toolkits,
            resources=resources,
            prompts=prompts,
            agents=_agents(loaded.config),
            profile=profile,
            approver=approver,
            ledger=ledger,
            references=references,
        )
    except DefinitionError as error:
        raise DefinitionError(f"{where}: {error}") from error


def _prompts(loaded: LoadedConfig) -> list[Prompt]:
    if loaded.config.prompts is None:
        return []
    # Here, not at the top: a server without prompt files needs none of this.
    from toolyard.prompt_files import load_prompts  # noqa: PLC0415

    return list(load_prompts(loaded.config.prompts, where=f"{loaded.path}: prompts"))


def _toolkits(loaded: LoadedConfig) -> list[Toolkit]:
    if not loaded.config.toolkits:
        return []
    # Here, not at the top: a server of Python tools needs none of this.
    from toolyard_kernel.tools.toolkit_loading import load_toolkit  # noqa: PLC0415

    where, base = f"{loaded.path}: toolkits", loaded.path.parent
    return [load_toolkit(name, settings, where=where, base=base) for name, settings in loaded.config.toolkits.items()]


def _agents(config: Config) -> list[AgentConfig]:
    if not config.agents:
        return []
    # Here, not at the top: a server without agents needs none of this.
    from toolyard_agents.config.agent_config import AgentConfig  # noqa: PLC0415

    return [AgentConfig.from_definition(each) for each in config.agents]

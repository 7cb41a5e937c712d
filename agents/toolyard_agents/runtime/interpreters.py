"""Which model answers for each agent of a runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from toolyard_agents.errors import SpecError
from toolyard_agents.models.canned import CannedModel
from toolyard_agents.models.model import Model
from toolyard_agents.models.noop import NoopModel
from toolyard_agents.models.opening import open_model
from toolyard_agents.models.retrying import RetryingModel
from toolyard_agents.models.scripted import ScriptedModel
from toolyard_agents.runtime.testing import TestingConfig
from toolyard_agents.spec.agent_spec import AgentSpec
from toolyard_agents.spec.providers import ProviderSpec
from toolyard_agents.spec.runtime_spec import RuntimeSpec

Interpreter = Literal["noop", "scripted", "openai", "anthropic"]
INTERPRETERS: tuple[Interpreter, ...] = ("noop", "scripted", "openai", "anthropic")
ModelOf = Callable[[AgentSpec], Model]


def models_of(spec: RuntimeSpec, interpreter: str | Model, testing: TestingConfig | None) -> ModelOf:
    """From an agent to its model; nothing is asked yet.

    Raises:
        SpecError: there is no such interpreter, its provider is not in the spec or has no key, or it is given besides
            `testing`.
        ConfigError: it cannot be used here.
    """
    if testing is not None and interpreter != "noop":
        raise SpecError("testing= is an interpreter itself; leave interpreter= out, or testing=")
    if not isinstance(interpreter, str):
        model = open_model(interpreter)
        return lambda agent: model
    match interpreter:
        case "noop" if testing is not None:
            return lambda agent: CannedModel(testing.mock_response)
        case "noop":
            return lambda agent: NoopModel()
        case "scripted":
            return lambda agent: ScriptedModel()
        case "openai":
            return _openai(spec.providers.get("openai"))
        case "anthropic":
            return _anthropic(spec.providers.get("anthropic"))
        case _:
            known = ", ".join(INTERPRETERS)
            raise SpecError(f"interpreter {interpreter!r} is not known; expected one of {known}, or a model")


def _openai(provider: ProviderSpec | None) -> ModelOf:
    from toolyard_agents.models.openai import OpenAIModel  # noqa: PLC0415 - for those who use it

    key = provider.key("openai") if provider else None  # without: the client's own variables, or a server without keys

    def model_of(agent: AgentSpec) -> Model:
        base_url = agent.config.base_url or (provider.base_url if provider else None)
        return RetryingModel(OpenAIModel(agent.config.model, base_url=base_url, api_key=key))

    return model_of


def _anthropic(provider: ProviderSpec | None) -> ModelOf:
    if provider is None:
        raise SpecError(
            "interpreter 'anthropic': the spec has no provider of that name; "
            'give define_runtime(providers={"anthropic": {"apiKeyEnv": "ANTHROPIC_API_KEY"}})'
        )
    from toolyard_agents.models.anthropic import AnthropicModel  # noqa: PLC0415 - an extra

    key = provider.key("anthropic")

    def model_of(agent: AgentSpec) -> Model:
        base_url = agent.config.base_url or provider.base_url
        return RetryingModel(AnthropicModel(agent.config.model, base_url=base_url, api_key=key))

    return model_of

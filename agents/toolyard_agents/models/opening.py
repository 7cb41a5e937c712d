"""From a name in a configuration to a model."""

from __future__ import annotations

import os

from toolyard_agents.models.model import Model
from toolyard_agents.models.noop import NoopModel
from toolyard_agents.models.scripted import ScriptedModel
from toolyard_kernel.errors import ConfigError

DEFAULT_MODEL = "gpt-5-mini"
"""The model of an agent that names none."""
OURS: dict[str, type[ScriptedModel | NoopModel]] = {"scripted": ScriptedModel, "noop": NoopModel}


def open_model(model: str | Model, *, base_url: str | None = None) -> Model:
    """The model of that name: `scripted`, `noop`, Anthropic's (`claude-…`), OpenAI's or a compatible server's.

    Those of a server come with retries. A base URL, given or in `OPENAI_BASE_URL`, is that of a compatible server,
    which is asked for whatever name. A model that is one already comes back as it is. Nothing is connected before the
    first question. Whoever opened a model closes it.

    Raises:
        ConfigError: the name is empty, the base URL is none, Anthropic's client is not installed, or the user's file of
            prices cannot be used.
    """
    if not isinstance(model, str):
        return _checked(model)
    if model in OURS:
        return OURS[model]()
    name = model.strip()
    if not name:
        raise ConfigError("the name of a model is empty; expected 'scripted', 'noop', or a name its provider knows")
    from toolyard_agents.models.retrying import RetryingModel  # noqa: PLC0415 - with pydantic, for those who use it

    return RetryingModel(_of_provider(name, base_url))


def _of_provider(name: str, base_url: str | None) -> Model:
    from toolyard_agents.models.openai import URL_VARIABLE, OpenAIModel  # noqa: PLC0415 - as above

    if name.startswith("claude-") and not (base_url or os.environ.get(URL_VARIABLE)):
        from toolyard_agents.models.anthropic import AnthropicModel  # noqa: PLC0415 - as above

        return AnthropicModel(name)
    return OpenAIModel(name, base_url=base_url)


def _checked(model: Model) -> Model:
    missing = [part for part in ("name", "stream", "cost", "aclose") if not hasattr(model, part)]
    if missing:
        raise ConfigError(
            f"a {type(model).__name__} is no model, it has no {', '.join(missing)}; "
            "expected a name, or an object with name, stream, cost and aclose"
        )
    return model

"""Who serves the models."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolyard_agents.errors import SpecError
from toolyard_kernel.tools.model_schemas import sentence_of

PROVIDERS = ("openai", "anthropic")


class ProviderSpec(BaseModel):
    """One provider: the environment variable that holds its key, and where it is served if not at its usual place."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    api_key_env: str = Field(alias="apiKeyEnv", min_length=1)
    base_url: str | None = Field(default=None, alias="baseUrl", min_length=1)

    def key(self, name: str) -> str:
        """The key of the provider `name`.

        Raises:
            SpecError: the variable is not set.
        """
        if not (key := os.environ.get(self.api_key_env)):
            raise SpecError(
                f"provider {name!r}: the environment variable {self.api_key_env} is not set; it should hold the API key"
            )
        return key


def providers_of(given: Mapping[str, Any] | None) -> dict[str, ProviderSpec]:
    """The providers that a spec names.

    Raises:
        SpecError: one is not known, or what is said of it cannot be used.
    """
    return {name: _provider(name, said) for name, said in (given or {}).items()}


def _provider(name: str, said: Any) -> ProviderSpec:
    if name not in PROVIDERS:
        raise SpecError(f"provider {name!r} is not known; expected one of {', '.join(PROVIDERS)}")
    try:
        return said if isinstance(said, ProviderSpec) else ProviderSpec.model_validate(said)
    except ValidationError as error:
        raise SpecError(f"provider {name!r}: {sentence_of(error)}") from error

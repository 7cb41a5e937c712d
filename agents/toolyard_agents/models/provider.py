"""Who serves a model."""

from __future__ import annotations

from toolyard_agents.models.model import Model

OTHER = "_OTHER"


def provider_of(model: Model) -> str:
    """The model's `provider`, which is one of OpenTelemetry's `gen_ai.provider.name`; `_OTHER` where it says none.

    A server that speaks another's protocol goes by the name of that.
    """
    return str(getattr(model, "provider", OTHER))

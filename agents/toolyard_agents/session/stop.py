"""Why a run stops."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_agents.results import StopReason


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run stops, and the words for it; of a run that completes, its answer."""

    reason: StopReason
    text: str

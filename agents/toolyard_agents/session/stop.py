"""Why a run stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolyard_agents.results import StopReason


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run stops, and the words for it; of a run that completes, its answer.

    `final` is its state at the end, where that is not the conversation.
    """

    reason: StopReason
    text: str
    final: Any = None

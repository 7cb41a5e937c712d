"""What a run passes on to the runs that it delegates to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.session.approving import ApprovalCallback
from toolyard_agents.session.bounds import Bounds
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.state.state import State
from toolyard_agents.usage import Usage
from toolyard_kernel.calls.doors import Door


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentRun:
    """One run, as a call of it sees it. `left` is the budget that is left, and `spent` is told what a child used."""

    emitter: Emitter
    state: State
    depth: int
    door: Door
    token: CancellationToken
    callback: ApprovalCallback | None
    left: Callable[[], Bounds]
    spent: Callable[[Usage], None]

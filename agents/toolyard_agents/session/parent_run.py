"""What a run passes on to the runs that it delegates to."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.control.pause import Pause
from toolyard_agents.session.approving import ApprovalCallback
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.spending import Spending
from toolyard_agents.state.state import State
from toolyard_kernel.calls.gate import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentRun:
    """One run, as a call of it sees it."""

    emitter: Emitter
    state: State
    context: RunContext
    token: CancellationToken
    callback: ApprovalCallback | None
    spending: Spending
    gate: Gate
    pause: Pause

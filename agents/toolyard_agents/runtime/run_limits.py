"""What a runtime bounds its own program's runs by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from toolyard_agents.config.budgets import Budgets
from toolyard_agents.errors import AgentError
from toolyard_agents.session.limits import narrowed
from toolyard_kernel.calls.callers import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """Seconds of a run, and calls of it that are under way at once; None leaves it to the agent and its profile."""

    timeout: float | None = None
    max_concurrency: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("timeout", self.timeout), ("max_concurrency", self.max_concurrency)):
            if value is not None and not _is_above_0(value):
                raise AgentError(f"{name}={value!r}; expected a number above 0, or None")
        if isinstance(self.max_concurrency, float):
            raise AgentError(f"max_concurrency={self.max_concurrency!r}; expected a whole number above 0, or None")

    def overridden(self, timeout: float | None, max_concurrency: int | None) -> RunLimits:
        """With those of one run, where they are given.

        Raises:
            AgentError: a number is not above 0.
        """
        return RunLimits(
            timeout=self.timeout if timeout is None else timeout,
            max_concurrency=self.max_concurrency if max_concurrency is None else max_concurrency,
        )

    @property
    def bounds(self) -> Budgets:
        """The bounds of a run."""
        return Budgets(wall_time=self.timeout)

    def narrowed(self, caller: Caller) -> Caller:
        """A caller of whose calls no more are under way at once."""
        if self.max_concurrency is None:
            return caller
        return replace(caller, profile=narrowed(caller.profile, Budgets(fan_out=self.max_concurrency)))


def _is_above_0(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


NO_LIMITS = RunLimits()

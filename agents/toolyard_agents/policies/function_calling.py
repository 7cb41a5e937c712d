"""Strict function calling: an answer's calls are made only if all of them can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolyard_agents.agent import Agent
from toolyard_agents.policies.bounds import check_bound
from toolyard_agents.policies.rounds import spent
from toolyard_agents.session.run import Run
from toolyard_agents.session.stop import Stop
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.tool import Tool

HELD = "This call was not made, since another call of the same answer cannot be made; ask for both again, corrected."


@dataclass(frozen=True, slots=True)
class FunctionCallingPolicy:
    """The model acts by calls that fit what it was offered, exactly.

    Of an answer with a call of an unknown tool, or with arguments that do not fit its schema, no call is made: the
    model is told what is wrong, and after `max_invalid` such answers in a row the run ends as an error. The model is
    asked `max_iterations` times at the most.
    """

    max_iterations: int | None = None
    max_invalid: int = 3

    def __post_init__(self) -> None:
        check_bound("max_iterations", self.max_iterations)
        check_bound("max_invalid", self.max_invalid, optional=False)

    @property
    def about(self) -> JsonObject:
        bounds = {"max_iterations": self.max_iterations, "max_invalid": self.max_invalid}
        return {"policy": "function_calling", **bounds}

    def tools(self, agents: Mapping[str, Agent]) -> Sequence[Tool]:
        return ()

    async def drive(self, run: Run) -> Stop:
        invalid = 0
        if waiting := await run.answer():
            return waiting
        while True:
            if stop := await run.stop() or spent(run, self.max_iterations):
                return stop
            await run.ask()
            if not run.turn.requests and not run.unheard:
                return run.said()
            unfit = await _hold(run)
            invalid = invalid + 1 if unfit else 0
            if waiting := await run.answer():
                return waiting
            if invalid >= self.max_invalid:
                return Stop("error", f"the model asked {invalid} times in a row for calls that cannot be made")


async def _hold(run: Run) -> bool:
    """Whether a call of this answer cannot be made; the others are then answered without being made."""
    fit = [request for request in run.turn.requests if run.calls.fits(request)]
    if len(fit) == len(run.turn.requests):
        return False
    await run.hold(fit, HELD)
    return True

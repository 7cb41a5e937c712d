"""Plan first, then take one step after the other, and answer from what they found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolyard_agents.agent import Agent
from toolyard_agents.policies.bounds import check_bound
from toolyard_agents.policies.planning import (
    FINAL,
    NO_PLAN,
    REVISE,
    STEP,
    STUCK,
    Progress,
    plan_of,
    planning,
    revising_tool,
    revision_in,
)
from toolyard_agents.policies.rounds import rounds
from toolyard_agents.session.run import Run
from toolyard_agents.session.stop import Stop
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.tool import Tool

ATTEMPTS = 3
"""How often a model may write something that is no plan."""
NO_TOOLS_NOW = "No tool can be called at this point; answer in words."


@dataclass(frozen=True, slots=True)
class PlanExecutePolicy:
    """The model writes a plan of at most `max_steps` steps, and takes them in one conversation, with all tools.

    In a step it is asked `max_iterations` times at the most; a step that needs more is planned anew, and so is
    whatever the model revises with the tool `revise_plan`. There are at most `max_plans` plans and `max_steps` steps.
    """

    max_steps: int = 20
    max_iterations: int = 10
    max_plans: int = 3

    def __post_init__(self) -> None:
        for name in ("max_steps", "max_iterations", "max_plans"):
            check_bound(name, getattr(self, name), optional=False)

    @property
    def about(self) -> JsonObject:
        bounds = {"max_steps": self.max_steps, "max_iterations": self.max_iterations, "max_plans": self.max_plans}
        return {"policy": "plan_execute", **bounds}

    def tools(self, agents: Mapping[str, Agent]) -> Sequence[Tool]:
        return (revising_tool(self.max_steps),)

    async def drive(self, run: Run) -> Stop:
        if waiting := await run.answer():
            return waiting
        while True:
            progress = Progress.of(run.state)
            if not progress.steps:
                stop = await self._plan(run)
            elif progress.done < len(progress.steps):
                stop = await self._step(run, progress)
            else:
                return await _final(run, progress)
            if stop:
                return stop

    async def _plan(self, run: Run) -> Stop | None:
        """Let the model write a plan."""
        problem: list[str] | str = ""
        for _ in range(ATTEMPTS):
            if stop := await run.stop():
                return stop
            await run.ask(system=planning(run.offer().tools, self.max_steps), with_tools=False)
            await run.hold(run.turn.requests, NO_TOOLS_NOW)
            problem = plan_of(run.turn.text, self.max_steps)
            if isinstance(problem, list):
                _note(run, plan=problem)
                return None
            run.state.add_user_message(NO_PLAN.format(problem=problem))
        return Stop("error", f"the model wrote no plan in {ATTEMPTS} attempts: {problem}")

    async def _step(self, run: Run, progress: Progress) -> Stop | None:
        """Take the next step, or go on with one that was begun."""
        number, count = progress.done + 1, len(progress.steps)
        if progress.begun < number:
            step = progress.steps[progress.done]
            _note(run, begun=number)
            run.state.add_user_message(STEP.format(number=number, count=count, step=step, revise=REVISE))
        stop = await rounds(run, self.max_iterations)
        if stop.reason == "max_iterations":
            return await run.stop() or await self._plan_again(run, progress, stop)
        if stop.reason != "end":
            return stop
        if revised := revision_in(run.state):
            if number + len(revised) > self.max_steps:
                return Stop("max_iterations", f"the plan has grown beyond {self.max_steps} steps")
            _note(run, revision=list(revised))
        _note(run, done=number)
        return None

    async def _plan_again(self, run: Run, progress: Progress, stop: Stop) -> Stop | None:
        if progress.plans >= self.max_plans:
            return stop
        _note(run, stuck=progress.done + 1)
        run.state.add_user_message(STUCK.format(number=progress.done + 1))
        return await self._plan(run)


async def _final(run: Run, progress: Progress) -> Stop:
    """Let the model answer from what the steps found."""
    if progress.begun <= len(progress.steps):
        _note(run, begun=len(progress.steps) + 1)
        run.state.add_user_message(FINAL.format(prompt=run.task))
    while True:
        if stop := await run.stop():
            return stop
        await run.ask(with_tools=False)
        await run.hold(run.turn.requests, NO_TOOLS_NOW)
        if not run.unheard:
            return run.said()


def _note(run: Run, **said: object) -> None:
    run.state.note(json.dumps(said))

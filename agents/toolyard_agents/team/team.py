"""The agents behind one gate, run for whoever calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from toolyard_agents.agent import Agent
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.errors import SessionBusy
from toolyard_agents.hooks.run_hooks import RunHooks
from toolyard_agents.opened import opened_behind
from toolyard_agents.results import RunResult
from toolyard_agents.session.limits import narrowed
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.state.spent import spent_by_last_run
from toolyard_agents.state.state import State
from toolyard_agents.team.progress import Progress
from toolyard_agents.threads.threads import Threads
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.results import head_and_tail, is_within
from toolyard_kernel.content import InputRequired, Text, ToolResult
from toolyard_kernel.errors import ToolError, UnknownName
from toolyard_kernel.references.overflow import Overflow

NOT_WAITING = "this round belongs to no run that waits; make the call anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptOptions:
    """What a caller gives besides the prompt: the thread to go on with, and what the run may use."""

    thread_id: str | None
    budget: Budgets


@dataclass(frozen=True, slots=True)
class Left:
    """The run that an earlier round of a call left waiting."""

    thread_id: str
    run_id: str

    def dump(self) -> str:
        return json.dumps({"thread_id": self.thread_id, "run_id": self.run_id})

    def check(self, state: State) -> None:
        """That it still waits: whoever gives a state back twice must not run the model again.

        Raises:
            ToolError: it does not.
        """
        if (state.status, state.last_run_id) != ("interrupted", self.run_id):
            raise ToolError(NOT_WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The agents of a server or a runtime, the gate that their calls go through, and their callers' threads. `hooks`
    hold in each of their runs."""

    agents: Mapping[str, Agent]
    gate: Gate
    threads: Threads
    hooks: RunHooks | None = None

    def runnable(self, caller: Caller) -> Mapping[str, Agent]:
        """The agents that a caller may run by name."""
        return {
            name: agent
            for name, agent in self.agents.items()
            if agent.config.expose is not False and name in caller.profile.agents
        }

    async def run(
        self, agent: Agent, prompt: str, ctx: ToolContext, options: PromptOptions
    ) -> ToolResult | InputRequired:
        """Run the prompt, or go on with the run that an earlier round of this call left waiting."""
        if ctx.caller.profile.limits.depth < 1:
            raise ToolError(f"profile {ctx.caller.profile.profile!r} lets you run no agent: limits.depth is 0")
        left = _left_by(ctx)
        try:
            return await self._run(agent, prompt, ctx, options, left)
        except (UnknownName, SessionBusy) as error:
            raise ToolError(f"thread_id {left.thread_id if left else options.thread_id!r}: {error}") from error

    async def _run(
        self, agent: Agent, prompt: str, ctx: ToolContext, options: PromptOptions, left: Left | None
    ) -> ToolResult | InputRequired:
        async with opened_behind(self.gate, agent) as open_agent:
            context = RunContext(
                caller=replace(ctx.caller, profile=narrowed(ctx.caller.profile, options.budget)),
                door=ctx.door,
                depth=1,
                bounds=options.budget,
                opened=open_agent,
                on_event=Progress(ctx).hear,
                agents=self.agents,
                hooks=self.hooks,
            )
            async with self.threads.session(agent, context, left.thread_id if left else options.thread_id) as session:
                if left:
                    left.check(session.state)
                result = await (session.resume() if left else session.run(prompt))
        if result.status == "interrupted":
            return InputRequired(requests={}, state=Left(session.state.session_id, result.run_id).dump())
        return await self._report(result, session.state, ctx.caller)

    async def _report(self, result: RunResult, state: State, caller: Caller) -> ToolResult:
        """The result, its text within what the caller may be answered: the run is done, however long its answer is."""
        limit = caller.profile.limits.output_bytes
        report = _tool_result(result, state, result.text)
        if is_within(report, limit):
            return report
        overflow = Overflow(store=self.gate.references, has_tool=False) if self.gate.references else None
        rest = await overflow.kept(caller, result.text) if overflow else ""
        told = f"; {rest}" if rest else ""
        return _tool_result(result, state, head_and_tail(result.text.encode(errors="replace"), limit // 4, told))


def chosen(agents: Mapping[str, Agent], name: str | None) -> Agent:
    """The agent of this name; without one, the coordinator, or the only agent there is.

    Raises:
        UnknownName: there is none.
    """
    coordinators = [agent for agent in agents.values() if agent.config.role == "coordinator"]
    if name is None and (len(agents) == 1 or len(coordinators) == 1):
        return coordinators[0] if coordinators else next(iter(agents.values()))
    if name is None or name not in agents:
        said = "agent is missing" if name is None else f"no agent is named {name!r}"
        raise UnknownName(f"{said}; " + (f"give one of {', '.join(sorted(agents))}" if agents else "there are none"))
    return agents[name]


def _tool_result(result: RunResult, state: State, text: str) -> ToolResult:
    spent = spent_by_last_run(state.entries)  # in all rounds: the result knows of the last one
    structured = {
        **result.to_dict(),
        "thread_id": state.session_id,
        "usage": spent.usage.to_dict(),
        "cost": spent.usage.cost,
        "text": text,
    }
    completed = result.status == "completed"
    told = text if completed else f"{result.status} ({result.stop_reason}): {result.reason}"
    return ToolResult(content=(Text(told),), structured=structured, is_error=not completed)


def _left_by(ctx: ToolContext) -> Left | None:
    try:
        return None if ctx.resumed is None else Left(**json.loads(ctx.resumed))
    except (ValueError, TypeError) as error:
        raise ToolError(NOT_WAITING) from error

"""The agents behind one gate, run for whoever calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from toolyard_agents.agent import Agent
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.errors import SessionBusy
from toolyard_agents.opened import opened_behind
from toolyard_agents.results import RunResult
from toolyard_agents.session.bounds import MOST_TURNS, Bounds
from toolyard_agents.session.limits import narrowed
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.state.spent import spent_by_last_run
from toolyard_agents.state.state import State
from toolyard_agents.team.progress import Progress
from toolyard_agents.threads.threads import Threads
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.content import InputRequired, Text, ToolResult
from toolyard_kernel.errors import ToolError, UnknownName


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller asks for besides the prompt."""

    thread_id: str | None
    budget: Budgets

    def bounds(self) -> Bounds:
        given = self.budget
        return Bounds(
            max_turns=given.max_turns or MOST_TURNS,
            max_tokens=given.max_tokens,
            max_cost=given.max_cost,
            wall_time=given.wall_time,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The agents of a server or a runtime, the gate that their calls go through, and their callers' threads."""

    agents: Mapping[str, Agent]
    gate: Gate
    threads: Threads

    def chosen(self, name: str | None) -> Agent:
        """The agent of this name; without one, the coordinator, or the only agent there is.

        Raises:
            UnknownName: there is none.
        """
        coordinators = [agent for agent in self.agents.values() if agent.config.role == "coordinator"]
        if name is None and (len(self.agents) == 1 or len(coordinators) == 1):
            return coordinators[0] if coordinators else next(iter(self.agents.values()))
        if name is None or name not in self.agents:
            said = "agent is missing" if name is None else f"no agent is named {name!r}"
            raise UnknownName(f"{said}; give one of {', '.join(sorted(self.agents))}")
        return self.agents[name]

    async def run(self, agent: Agent, prompt: str, ctx: ToolContext, asked: Asked) -> ToolResult | InputRequired:
        """Run the prompt, or go on with the run that an earlier round of this call left waiting."""
        if agent.name not in ctx.caller.profile.agents:
            raise ToolError(f"profile {ctx.caller.profile.profile!r} does not let you run the agent {agent.name!r}")
        left = _left_by(ctx)
        try:
            return await self._run(agent, prompt, ctx, asked, left)
        except (UnknownName, SessionBusy) as error:
            raise ToolError(f"thread_id {left or asked.thread_id!r}: {error}") from error

    async def _run(
        self, agent: Agent, prompt: str, ctx: ToolContext, asked: Asked, left: str | None
    ) -> ToolResult | InputRequired:
        async with opened_behind(self.gate, agent) as open_agent:
            context = RunContext(
                caller=replace(ctx.caller, profile=narrowed(ctx.caller.profile, asked.budget)),
                door=ctx.door,
                depth=1,
                bounds=asked.bounds(),
                opened=open_agent,
                on_event=Progress(ctx).hear,
            )
            async with self.threads.session(agent, context, left or asked.thread_id) as session:
                result = await (session.run(prompt) if left is None else session.resume())
        if result.status == "interrupted":
            return InputRequired(requests={}, state=json.dumps({"thread_id": session.state.session_id}))
        return _report(result, session.state)


def _report(result: RunResult, state: State) -> ToolResult:
    spent = spent_by_last_run(state.entries)  # in all rounds: the result knows of the last one
    structured = {
        **result.to_dict(),
        "thread_id": state.session_id,
        "usage": spent.usage.to_dict(),
        "cost": spent.usage.cost,
    }
    completed = result.status == "completed"
    text = result.text if completed else f"{result.status} ({result.stop_reason}): {result.reason}"
    return ToolResult(content=(Text(text),), structured=structured, is_error=not completed)


def _left_by(ctx: ToolContext) -> str | None:
    """The thread that an earlier round of this call left waiting."""
    if ctx.resumed is None:
        return None
    try:
        return str(json.loads(ctx.resumed)["thread_id"])
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError("this round belongs to no run that waits; make the call anew") from error

"""Agents as tools: `run_prompt`, and `ask_<name>` for each specialist."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolyard_agents.agent import Agent
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.events import AgentEvent
from toolyard_agents.opened import opened_behind
from toolyard_agents.results import RunResult
from toolyard_agents.session.bounds import MOST_TURNS, Bounds
from toolyard_agents.session.limits import narrowed
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.state.spent import spent_by_last_run
from toolyard_agents.state.state import State
from toolyard_agents.store.store import SessionStore
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import InputRequired, Text, ToolResult
from toolyard_kernel.errors import ToolError, UnknownName
from toolyard_kernel.folders import state_folder
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import ANY, Tool

if TYPE_CHECKING:
    from toolyard_kernel.calls.gate import Gate

THREADS = "threads"
TOLD = frozenset({"step_start", "tool_start", "tool_end", "tool_blocked", "approval_required", "agent_start"})
"""Events that a client hears of as progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The agents of a server, and the gate that their calls go through."""

    agents: Mapping[str, Agent]
    gate: Gate

    def tools(self) -> tuple[Tool, ...]:
        """`run_prompt`, and a tool for each specialist and each agent that the config exposes."""
        if not self.agents:
            return ()
        exposed = (agent for agent in self.agents.values() if _is_exposed(agent))
        return (_run_prompt(self), *(_ask(self, agent) for agent in exposed))

    def chosen(self, name: str | None) -> Agent:
        """The agent of this name; without one, the coordinator, or the only agent there is."""
        coordinators = [agent for agent in self.agents.values() if agent.config.role == "coordinator"]
        if name is None and (len(self.agents) == 1 or len(coordinators) == 1):
            return coordinators[0] if coordinators else next(iter(self.agents.values()))
        if name is None or name not in self.agents:
            said = "agent is missing" if name is None else f"no agent is named {name!r}"
            raise ToolError(f"{said}; give one of {', '.join(sorted(self.agents))}")
        return self.agents[name]

    async def run(self, agent: Agent, prompt: str, ctx: ToolContext, asked: Asked) -> ToolResult | InputRequired:
        """Run the prompt, or go on with the run that an earlier round of this call left waiting."""
        if agent.name not in ctx.caller.profile.agents:
            raise ToolError(f"profile {ctx.caller.profile.profile!r} does not let you run the agent {agent.name!r}")
        left = _left_by(ctx)
        session = _session(agent, ctx.caller, left or asked.thread_id)
        async with opened_behind(self.gate, agent) as open_agent:
            session.context = RunContext(
                caller=replace(ctx.caller, profile=narrowed(ctx.caller.profile, asked.budget)),
                door=ctx.door,
                depth=1,
                bounds=asked.bounds(),
                opened=open_agent,
                on_event=_Progress(ctx).hear,
            )
            result = await (session.run(prompt) if left is None else session.resume())
        if result.status == "interrupted":
            return InputRequired(requests={}, state=json.dumps({"thread_id": session.state.session_id}))
        return _report(result, session.state)


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


def _run_prompt(team: Team) -> Tool:
    @tool(name="run_prompt", effects=["agents"])
    async def run_prompt(
        ctx: ToolContext,
        *,
        prompt: str,
        agent: str | None = None,
        thread_id: str | None = None,
        budget: Budgets | None = None,
    ) -> ToolResult | InputRequired:
        """Let an agent work on a task, with its own tools, until it has an answer.

        Choose this for work of several steps that an agent of this server is made for. The answer comes with the
        thread's id: give it again to go on with the same conversation. The agent may do no more than you may.

        Args:
            prompt: The task, complete in itself.
            agent: The agent's name; without it, the coordinator, or the only agent there is.
            thread_id: A conversation to go on with, as an earlier answer named it.
            budget: Bounds of this run.
        """
        return await team.run(team.chosen(agent), prompt, ctx, Asked(thread_id=thread_id, budget=budget or Budgets()))

    return replace(run_prompt, subject=ANY, output_schema=REPORT)


def _ask(team: Team, agent: Agent) -> Tool:
    @tool(name=f"ask_{re.sub(r'[^A-Za-z0-9_-]', '_', agent.name)}"[:64], effects=["agents"])
    async def ask(
        ctx: ToolContext, *, prompt: str, thread_id: str | None = None, budget: Budgets | None = None
    ) -> ToolResult | InputRequired:
        """Ask a specialist.

        Args:
            prompt: The question or task, complete in itself.
            thread_id: A conversation to go on with, as an earlier answer named it.
            budget: Bounds of this run.
        """
        return await team.run(agent, prompt, ctx, Asked(thread_id=thread_id, budget=budget or Budgets()))

    about = agent.config.description or f"Answers as the agent {agent.name}."
    return replace(ask, description=f"{about}\n\n{GO_ON}", subject=agent.name, output_schema=REPORT)


GO_ON = "The answer comes with the thread's id: give it again to go on with the same conversation."

REPORT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "run_id": {"type": "string"},
        "thread_id": {"type": "string"},
        "status": {"type": "string"},
        "stop_reason": {"type": "string"},
        "usage": {"type": "object", "additionalProperties": {"type": "integer"}},
        "cost": {"type": ["number", "null"]},
        "text": {"type": "string"},
    },
    "required": ["run_id", "thread_id", "status", "stop_reason", "usage", "cost", "text"],
}


def _report(result: RunResult, state: State) -> ToolResult:
    spent = spent_by_last_run(state.entries)  # in all rounds: the result knows of the last one
    structured = {
        "run_id": result.run_id,
        "thread_id": state.session_id,
        "status": result.status,
        "stop_reason": result.stop_reason,
        "usage": spent.usage.to_dict(),
        "cost": spent.usage.cost,
        "text": result.text,
    }
    completed = result.status == "completed"
    text = result.text if completed else f"{result.status} ({result.stop_reason}): {result.reason}"
    return ToolResult(content=(Text(text),), structured=structured, is_error=not completed)


def _is_exposed(agent: Agent) -> bool:
    return agent.config.role == "specialist" if agent.config.expose is None else agent.config.expose


def _session(agent: Agent, caller: Caller, thread_id: str | None) -> Session:
    """A thread of this caller's own, which no other caller can name."""
    owner = hashlib.sha256(json.dumps([caller.tenant, caller.id, agent.name]).encode()).hexdigest()[:24]
    store = SessionStore(state_folder() / THREADS / owner)
    if thread_id is None:
        return store.create_session(agent)
    try:
        return store.resume(thread_id, agent)
    except (LookupError, ValueError) as error:
        raise ToolError(f"thread_id {thread_id!r}: no conversation of yours with {agent.name!r} has this id") from error


def _left_by(ctx: ToolContext) -> str | None:
    """The thread that an earlier round of this call left waiting."""
    if ctx.resumed is None:
        return None
    try:
        return str(json.loads(ctx.resumed)["thread_id"])
    except (ValueError, KeyError, TypeError) as error:
        raise UnknownName("this round belongs to no run that waits") from error


class _Progress:
    """Tells the caller of an agent how far the run is, by counting its events."""

    def __init__(self, ctx: ToolContext) -> None:
        self._ctx = ctx
        self._count = 0

    async def hear(self, event: AgentEvent) -> None:
        self._count += 1
        if event.type in TOLD:
            message = " ".join(part for part in (f"{event.agent}:", event.type, event.tool_name) if part)
            await self._ctx.progress(self._count, message=message)

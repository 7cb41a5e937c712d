"""Agents as tools: `run_prompt`, and `ask_<name>` for each specialist."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from toolyard_agents.agent import Agent
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.team.team import PromptOptions, Team, chosen
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import InputRequired, ToolResult
from toolyard_kernel.errors import ToolError, UnknownName
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import ANY, Tool

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


def team_tools(team: Team) -> tuple[Tool, ...]:
    """`run_prompt`, and a tool for each specialist and each agent that its config exposes."""
    if not team.agents:
        return ()
    exposed = (agent for agent in team.agents.values() if _is_exposed(agent))
    return (_run_prompt(team), *(_ask(team, agent) for agent in exposed))


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
        try:
            found = chosen(team.runnable(ctx.caller), agent)
        except UnknownName as error:
            raise ToolError(str(error)) from error
        return await team.run(found, prompt, ctx, PromptOptions(thread_id=thread_id, budget=budget or Budgets()))

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
        return await team.run(agent, prompt, ctx, PromptOptions(thread_id=thread_id, budget=budget or Budgets()))

    about = agent.config.description or f"Answers as the agent {agent.name}."
    return replace(ask, description=f"{about}\n\n{GO_ON}", subject=agent.name, output_schema=REPORT)


def _is_exposed(agent: Agent) -> bool:
    return agent.config.role == "specialist" if agent.config.expose is None else agent.config.expose

"""`delegate`: an agent gives a task to another, or to a fresh copy of itself, and reads the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from toolyard_agents.agent import Agent
from toolyard_agents.opened import OpenAgent, opened_behind
from toolyard_agents.results import RunResult
from toolyard_agents.session.doors import CallDoor
from toolyard_agents.session.parent_run import ParentRun
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.state.entries import Parked
from toolyard_agents.state.state import State
from toolyard_agents.state.waiting import restored
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import InputRequired, JsonObject, Text, ToolResult
from toolyard_kernel.errors import ToolError
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import ANY, Tool

SUPERVISING = """Give a task to one of your agents, and get its answer.

Give a task to several at once where they do not need each other's answers, and put the answers together yourself. An
agent sees nothing but the prompt, unless history is shared: say in it all that it needs to know.

"""
SHARED_MESSAGES = 20
"""Messages of the asker's history that a delegate is shown at the most."""


def enable_delegation(own: Agent, routes: Mapping[str, Agent]) -> None:
    """Give `own` the tool `delegate`, which reaches the agents in `routes` and fresh copies of itself."""
    if own.registry.find("delegate") is None:
        own.registry.register(delegate_tool(own, routes), toolkit="agents")


def delegate_tool(own: Agent, routes: Mapping[str, Agent]) -> Tool:
    """The tool `delegate` of `own`, which reaches the agents in `routes`."""

    @tool(name="delegate", effects=["agents"])
    async def delegate(
        ctx: ToolContext, *, prompt: str, agent: str | None = None, share_history: bool = False
    ) -> ToolResult | InputRequired:
        """Give a task to another agent, and get its answer.

        Choose this for a part of the work that can be done on its own, or that another agent is made for. The other
        agent sees nothing but the prompt, unless history is shared: say in it all that it needs to know. It has no more
        rights than you have, and what it uses counts as yours.

        Args:
            prompt: The task, complete in itself.
            agent: The name of the agent; without it, a fresh copy of yourself.
            share_history: Whether the other agent is shown this conversation first.
        """
        door = _door_of(ctx)
        target = own if agent is None else _route(agent, routes)
        if target is not own:
            _check_allowed(target, ctx.caller)
        return await _delegated(target, prompt, ctx.caller, door, share_history=share_history)

    return replace(delegate, subject=ANY)


def supervising_tool(team: Mapping[str, Agent]) -> Tool:
    """The tool `delegate` of an agent that leads `team`, and that cannot run a copy of itself."""

    async def delegate(arguments: JsonObject, ctx: ToolContext) -> ToolResult | InputRequired:
        door, target = _door_of(ctx), team[arguments["agent"]]
        _check_allowed(target, ctx.caller)
        share = arguments.get("share_history", False)
        return await _delegated(target, arguments["prompt"], ctx.caller, door, share_history=share)

    made = define_tool(
        name="delegate",
        description=SUPERVISING + "\n".join(f"- {name}: {_about(agent)}" for name, agent in team.items()),
        input_schema={
            "type": "object",
            "properties": {
                "agent": {"type": "string", "enum": list(team), "description": "Who does it."},
                "prompt": {"type": "string", "description": "The task, complete in itself."},
                "share_history": {"type": "boolean", "description": "Show this conversation first.", "default": False},
            },
            "required": ["agent", "prompt"],
            "additionalProperties": False,
        },
        effects=["agents"],
        handler=delegate,
    )
    return replace(made, subject=ANY)


def agent_tool(agent: Agent) -> Tool:
    """The tool `ask_<name>`, by which another agent runs this one. Its name must be one that a tool can have."""

    @tool(name=f"ask_{agent.name}", effects=["agents"])
    async def ask(ctx: ToolContext, *, prompt: str) -> ToolResult | InputRequired:
        """Ask another agent, and get its answer.

        Args:
            prompt: The task, complete in itself: the agent sees nothing else.
        """
        return await _delegated(agent, prompt, ctx.caller, _door_of(ctx), share_history=False)

    return replace(ask, description=_about(agent), subject=agent.name)


def _about(agent: Agent) -> str:
    return agent.config.description or f"Answers as the agent {agent.name}."


def _check_allowed(target: Agent, caller: Caller) -> None:
    if target.name not in caller.profile.agents:
        raise ToolError(f"profile {caller.profile.profile!r} does not let you run the agent {target.name!r}")


def _door_of(ctx: ToolContext) -> CallDoor:
    if not isinstance(ctx.door, CallDoor):
        raise ToolError("only an agent can delegate: this call was not made in the run of one")
    now, most = ctx.door.parent.context.depth, ctx.caller.profile.limits.depth
    if now >= most:
        raise ToolError(f"this run is {now} delegations deep, and the limit is {most}: do it yourself")
    return ctx.door


def _route(name: str, routes: Mapping[str, Agent]) -> Agent:
    if name not in routes:
        known = ", ".join(routes) or "none; leave it out for a copy of yourself"
        raise ToolError(f"no agent is named {name!r} here; the agents you can delegate to: {known}")
    return routes[name]


async def _delegated(
    target: Agent, prompt: str, caller: Caller, door: CallDoor, *, share_history: bool
) -> ToolResult | InputRequired:
    """The answer of `target`, whose run goes on if it was waiting for somebody, and is kept if it has to wait now."""
    parent = door.parent
    parked = _parked(target, door)
    state = restored(parked) if parked else _history(parent.state) if share_history else State()
    async with opened_behind(parent.gate, target) as open_agent:
        session = Session(target, state=state, context=_context(caller, parent, open_agent, door.call_id))
        session.approval_callback = parent.callback
        token = parent.token
        result = await (session.resume(door.given, token=token) if parked else session.run(prompt, token=token))
    if result.status == "interrupted":
        parent.state.park(door.call_id, target.name, session.state, binding=door.approved)
        door.waits = result.reason
        return InputRequired(requests={})
    return _answer(target, result)


async def asked_below(target: Agent, prompt: str, caller: Caller, parent: ParentRun) -> RunResult:
    """A run of `target` as a part of another, in a conversation of its own."""
    async with opened_behind(parent.gate, target) as open_agent:
        session = Session(target, context=_context(caller, parent, open_agent))
        return await session.run(prompt, token=parent.token)


def _context(caller: Caller, parent: ParentRun, open_agent: OpenAgent, call_id: str | None = None) -> RunContext:
    return RunContext(
        caller=caller,
        door=parent.context.door,
        depth=parent.context.depth + 1,
        spending=parent.spending,
        parent_run_id=parent.emitter.run_id,
        parent_call_id=call_id,
        opened=open_agent,
        on_event=parent.emitter.pass_on,
        desk=parent.context.desk,
        keep=parent.context.keep,
        agents=parent.context.agents,
        hooks=parent.context.hooks,
        pause=parent.pause,
    )


def _parked(target: Agent, door: CallDoor) -> Parked | None:
    parked = door.parent.state.parked(door.call_id)
    if parked and parked.agent != target.name:
        raise ToolError(f"this call waits for a run of {parked.agent!r}, so it cannot go on with {target.name!r}")
    return parked


def _answer(target: Agent, result: RunResult) -> ToolResult:
    completed = result.status == "completed"
    text = result.text if completed else f"{target.name} did not finish ({result.stop_reason}): {result.reason}"
    about = {"agent": target.name, "run_id": result.run_id, "status": result.status, "stop_reason": result.stop_reason}
    return ToolResult(content=(Text(text),), structured={**about, "text": text}, is_error=not completed)


def _history(state: State) -> State:
    """A conversation of its own that begins with what was said in this one."""
    said = [
        f"{message.role}: {message.content}" for message in state.get_messages()[-SHARED_MESSAGES:] if message.content
    ]
    shared = State()
    shared.add_user_message("The conversation that this task comes from:\n\n" + "\n\n".join(said))
    shared.add_assistant_message("I have read it.")
    return shared

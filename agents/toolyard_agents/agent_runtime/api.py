"""The runtime API: plain functions over one agent and its session."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from toolyard_agents.agent import Agent
from toolyard_agents.agent_runtime.handle import AgentHandle
from toolyard_agents.agent_runtime.observability import ObservabilitySession, observability_of
from toolyard_agents.agent_runtime.options import RuntimeOptions
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.delegation import enable_delegation
from toolyard_agents.results import RunResult
from toolyard_agents.session.approving import ApprovalCallback
from toolyard_agents.session.driving import CancelCheck
from toolyard_agents.session.emitting import OnEvent
from toolyard_agents.session.session import Session
from toolyard_agents.state.state import State
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.registry import PYTHON_TOOLS, Registry


@dataclass(slots=True, kw_only=True)
class AgentRuntime:
    """An agent, its session, and what they were made with. `reconfigure_runtime` changes it between two runs."""

    agent: Agent
    session: Session
    registry: Registry
    model: str
    profile_name: str
    session_id: str
    options: RuntimeOptions
    approval_callback: ApprovalCallback | None
    cancel_check: CancelCheck | None
    observability: ObservabilitySession | None
    dispatched: set[asyncio.Task[RunResult]] = field(default_factory=set[asyncio.Task[RunResult]], repr=False)


def create_runtime(
    system_prompt: str,
    options: RuntimeOptions | None = None,
    session: Session | None = None,
    approval_callback: ApprovalCallback | None = None,
    cancel_check: CancelCheck | None = None,
) -> AgentRuntime:
    """An agent with this prompt, and a session for it. `session` is one to go on with.

    Raises:
        ConfigError, AgentError: an option cannot be used.
    """
    options = options or RuntimeOptions()
    session_id = session.state.session_id if session else options.identified()
    agent = _agent(system_prompt, options)
    observability = observability_of(options, session_id, agent.profile.profile)
    session = session or Session(agent, state=State(session_id=session_id))
    session.agent = agent
    session.approval_callback = approval_callback or session.approval_callback
    session.cancel_check = cancel_check or session.cancel_check
    return AgentRuntime(
        agent=agent,
        session=session,
        registry=agent.registry,
        model=options.model,
        profile_name=agent.profile.profile,
        session_id=session_id,
        options=options,
        approval_callback=session.approval_callback,
        cancel_check=session.cancel_check,
        observability=observability,
    )


async def start_runtime(runtime: AgentRuntime) -> None:
    """Begin its observability session, and keep open what its runs need. Once begun, nothing more happens.

    Raises:
        AgentError: the record of the observability session cannot be written.
    """
    if runtime.observability:
        runtime.observability.start()
    await runtime.session.__aenter__()


async def run_prompt(runtime: AgentRuntime, prompt: str, on_event: OnEvent | None = None) -> RunResult:
    """Run one prompt to its end."""
    return await _run(runtime, prompt, on_event, CancellationToken())


def dispatch_prompt(
    runtime: AgentRuntime, prompt: str, on_event: OnEvent | None = None, token: CancellationToken | None = None
) -> AgentHandle:
    """Run one prompt in the background. `close_runtime` ends what then still runs."""
    token = token or CancellationToken()
    task = asyncio.create_task(_run(runtime, prompt, on_event, token), name=f"toolyard-dispatch-{runtime.session_id}")
    runtime.dispatched.add(task)
    task.add_done_callback(runtime.dispatched.discard)
    return AgentHandle(task=task, token=token)


async def close_runtime(runtime: AgentRuntime, status: str = "completed") -> None:
    """End what still runs, give back what is open, and close the observability session with `status`."""
    for task in tuple(runtime.dispatched):
        task.cancel()
    if runtime.dispatched:
        await asyncio.wait(set(runtime.dispatched))
    await runtime.session.close()
    if runtime.observability:
        runtime.observability.end(status)


def reconfigure_runtime(
    runtime: AgentRuntime,
    profile: str | PermissionProfile | None = None,
    working_dir: str | None = None,
    auto_approve: bool | None = None,  # noqa: FBT001 - the seed's signature
    enable_delegate: bool | None = None,  # noqa: FBT001 - as above
) -> str:
    """Change these options, all at once or not at all; the next run has the new tools. Returns the profile's name.

    Raises:
        ConfigError, AgentError: an option cannot be used; nothing has changed then.
    """
    now = runtime.options
    options = replace(
        now,
        profile=now.profile if profile is None else profile,
        working_dir=now.working_dir if working_dir is None else working_dir,
        auto_approve=now.auto_approve if auto_approve is None else auto_approve,
        enable_delegate=now.enable_delegate if enable_delegate is None else enable_delegate,
    )
    agent = _agent(runtime.agent.config.system_prompt or "", options)
    for entry in runtime.registry:
        if entry.toolkit == PYTHON_TOOLS:  # the program's own stay
            agent.registry.register(entry.tool)
    runtime.options, runtime.agent, runtime.registry = options, agent, agent.registry
    runtime.profile_name = agent.profile.profile
    runtime.session.agent = agent
    return runtime.profile_name


async def _run(runtime: AgentRuntime, prompt: str, on_event: OnEvent | None, token: CancellationToken) -> RunResult:
    if runtime.observability is None:
        return await runtime.session.run(prompt, on_event=on_event, token=token)
    runtime.session.telemetry = runtime.observability.attributes
    result = await runtime.session.run(prompt, on_event=on_event, token=token)
    runtime.observability.count(result)
    return result


def _agent(system_prompt: str, options: RuntimeOptions) -> Agent:
    agent = Agent(
        AgentConfig(
            system_prompt=system_prompt,
            model=options.model,
            base_url=options.base_url,
            reasoning_effort=options.reasoning_effort,
            working_dir=options.working_dir,
            profile=options.profile,
            auto_approve=options.auto_approve,
        )
    )
    if options.enable_delegate:
        enable_delegation(agent, {})
    return agent

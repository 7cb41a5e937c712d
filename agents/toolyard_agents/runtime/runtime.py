"""`Runtime`: agents of one tenant, and everything they keep, behind every door."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Self

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.errors import AgentError
from toolyard_agents.hooks.policy_hooks import PolicyHooks, check_hooks
from toolyard_agents.hooks.run_hooks import check_names, joined, redaction_of
from toolyard_agents.policies.bounds import check_bound
from toolyard_agents.policies.default import policy_of
from toolyard_agents.policies.graph import with_inputs
from toolyard_agents.policies.policy import Policy, check_policy
from toolyard_agents.references.reference import Reference
from toolyard_agents.references.references import MISSING
from toolyard_agents.results import RunResult
from toolyard_agents.runtime.approval_record import ApprovalOutcome
from toolyard_agents.runtime.parts import HOST, RuntimeParts, bare_parts
from toolyard_agents.runtime.run_limits import RunLimits
from toolyard_agents.runtime.running import Event, Query
from toolyard_agents.runtime.traced import ProgramRun, gone_on, traced
from toolyard_agents.session.emitting import OnEvent
from toolyard_agents.spec.reference_spec import ReferenceSpec
from toolyard_agents.spec.runtime_spec import TEAM
from toolyard_agents.team.team import chosen
from toolyard_agents.traces.reading import read_trace
from toolyard_agents.traces.replaying import replayed
from toolyard_agents.traces.writing import FOLDER
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.changes import Changes
from toolyard_kernel.errors import UnknownName
from toolyard_kernel.offers.prompt_registry import Prompts
from toolyard_kernel.offers.resource_registry import Resources
from toolyard_kernel.profiles.profile import PermissionProfile


class Runtime:
    """Agents of one tenant, and everything they keep: `create_runtime(spec)` makes one, or agents are registered.

    The program's own runs may do what an agent's profile grants; a caller over MCP may do no more than both it and the
    agent may. `agent="mcp"` serves tools that run the agents, and an agent's name serves that agent's own tools.
    """

    def __init__(
        self,
        *,
        trace_dir: str | PathLike[str] | None = None,
        timeout: float | None = None,
        max_concurrency: int | None = None,
        policy_hooks: PolicyHooks | None = None,
        parts: RuntimeParts | None = None,
    ) -> None:
        """Without `parts`, a runtime without agents, for the tenant `default`, that keeps things in memory.

        `trace_dir` is where `run` writes traces, by default `.toolyard/traces`. A run of the program
        itself has `timeout` seconds, and at most `max_concurrency` of its calls are under way at once. `policy_hooks`
        hold in every run, and for whoever calls an agent's own tools; `parts` have their own.

        Raises:
            AgentError: a number is not above 0, the hooks are none, or both `policy_hooks` and `parts` are given.
        """
        if parts is not None and policy_hooks is not None:
            raise AgentError("policy_hooks and parts: the parts of a runtime have its hooks; give one of them")
        check_hooks(policy_hooks)
        self.parts = parts or bare_parts(policy_hooks)
        self._to_check = policy_hooks
        self.trace_dir = Path(trace_dir) if trace_dir is not None else FOLDER
        self._limits = RunLimits(timeout=timeout, max_concurrency=max_concurrency)
        self._open: AsyncExitStack | None = None

    @property
    def tenant(self) -> str:
        """What scopes whatever is kept; nothing can be asked of another's."""
        return self.parts.ground.tenant

    @property
    def resources(self) -> Resources:
        return self.parts.resources

    @property
    def prompts(self) -> Prompts:
        return self.parts.prompts

    @property
    def changes(self) -> Changes:
        return self.parts.ground.gate.changes

    def query(self, prompt: str, thread_id: str, resume: int | None = None) -> AsyncGenerator[Event]:
        """The events of a prompt to the coordinator, or to the only agent, as dicts; each has its number in the thread
        as `event_id`.

        Prompts of one thread run one after the other. `resume` is the last number that the reader has of an earlier
        stream: what came after it is told again, and a run that did not complete goes on, making no call twice.

        Raises:
            UnknownName: there are several agents, and none is a coordinator.
        """
        return self._events(chosen(self.parts.agents, None), prompt, thread_id, resume)

    def run_specialist(
        self, name: str, prompt: str, thread_id: str, resume: int | None = None
    ) -> AsyncGenerator[Event]:
        """As `query`, to the agent of this name, whatever its role is.

        Raises:
            UnknownName: there is none.
        """
        return self._events(chosen(self.parts.agents, name), prompt, thread_id, resume)

    def _events(self, agent: Agent, prompt: str, thread_id: str, resume: int | None) -> AsyncGenerator[Event]:
        self._check_hooks()
        query = Query(agent=agent, prompt=prompt, thread_id=thread_id, resume=resume, limits=self._limits)
        return self.parts.runs.events(query)

    def register_agent(self, agent: Agent) -> None:
        """Add an agent, under its name.

        Raises:
            AgentError: it is no agent, or there is one of this name.
        """
        given: Any = agent
        if not isinstance(given, Agent):
            raise AgentError(f"agent={given!r}; expected an Agent")
        if agent.name in self.parts.agents or agent.name in self.parts.served:
            raise AgentError(f"an agent named {agent.name!r} is registered already; give it another name")
        self.parts.agents[agent.name] = agent
        self.parts.served[agent.name] = agent.registry.select()  # as it is now: no client can delegate
        self.parts.serve_team()

    async def run(
        self,
        agent: str,
        prompt: str,
        *,
        policy: Policy | None = None,
        timeout: float | None = None,
        max_concurrency: int | None = None,
        on_event: OnEvent | None = None,
        token: CancellationToken | None = None,
        **inputs: Any,
    ) -> RunResult:
        """Run a prompt, in a conversation of its own, and write its trace: `result.trace_id` names it.

        `policy` is used in the place of the agent's own, `timeout` and `max_concurrency` in that of the runtime's.
        `inputs` are values that a graph starts with.

        Raises:
            UnknownName: there is no such agent.
            AgentError: the policy, a number or an input cannot be used, or a hook names a tool that no agent has.
            OSError: the trace cannot be written.
        """
        found = chosen(self.parts.agents, agent)
        self._check_hooks()
        check_policy(policy)
        chosen_policy = with_inputs(policy or policy_of(found), inputs)
        run = ProgramRun(
            agent=found,
            policy=chosen_policy,
            limits=self._limits.overridden(timeout, max_concurrency),
            on_event=on_event,
            token=token or CancellationToken(),
        )
        return await traced(run, prompt, self.parts.runs, self.trace_dir)

    async def replay(
        self,
        trace_id: str,
        agent: str,
        *,
        policy: Policy | None = None,
        until: int | None = None,
        on_event: OnEvent | None = None,
        token: CancellationToken | None = None,
    ) -> RunResult:
        """Play a trace again, by the agent of this name and the policy that it ran with: neither a model nor a tool is
        called, and nothing is written. With `until`, that is so for as many steps; from there the run goes on live, and
        writes a trace of its own.

        Raises:
            UnknownName: there is no such agent or trace.
            AgentError: the policy or `until` cannot be used.
            TraceError: the trace is damaged or has no such step, or the agent or the policy is not as it was; the text
                names the first difference.
        """
        check_policy(policy)
        found, trace = chosen(self.parts.agents, agent), read_trace(self.trace_dir, trace_id)
        policy, redaction = policy or policy_of(found), redaction_of(self.parts.runs.hooks, found.policy_hooks)
        if until is None:
            return (await replayed(trace, found, policy, self.parts.agents, redaction=redaction)).result
        check_bound("until", until)
        played = await replayed(trace, found, policy, self.parts.agents, until, redaction)
        run = ProgramRun(
            agent=found,
            policy=policy,
            limits=self._limits,
            on_event=on_event,
            token=token or CancellationToken(),
        )
        return await gone_on(run, played, self.parts.runs, self.trace_dir)

    async def respond_to_approval(
        self, approval_id: str, outcome: ApprovalOutcome, feedback: str | None = None
    ) -> None:
        """Answer an ask with `approve`, `reject` or `revise`, once; the model reads the feedback.

        Raises:
            ValueError: this is no outcome.
            UnknownName: no ask of this id waits.
            StorageError: the answer cannot be kept.
        """
        await self.parts.approvals.respond(approval_id, outcome, feedback)

    async def pending_approvals(self) -> list[dict[str, Any]]:
        """The asks that wait, oldest first: `id`, `tool`, `arguments`, `reason`, `agent`, `thread_id`, `expires`, ….

        Raises:
            StorageError: they cannot be read.
        """
        return [approval.to_dict() for approval in await self.parts.approvals.pending()]

    async def create_reference(self, kind: ReferenceSpec | str, payload: Any, *, glimpse: Any = MISSING) -> Reference:
        """Keep a value. A kind that the spec declares has its schema and its glimpse; others hold any JSON value.

        Raises:
            ValueError: the value does not fit, or is no JSON.
            StorageError: it cannot be kept.
        """
        return await self.parts.ground.references.create(HOST, kind, payload, glimpse=glimpse)

    async def resolve_reference(self, reference: Reference | str) -> Any:
        """The whole value.

        Raises:
            UnknownName: there is none, or its time is over.
            StorageError: it cannot be read.
        """
        return await self.parts.ground.references.resolve(HOST, reference)

    async def reference_glimpse(self, reference: Reference | str) -> Any:
        """The small view of the value.

        Raises:
            UnknownName, StorageError: as `resolve_reference`.
        """
        return await self.parts.ground.references.glimpse(HOST, reference)

    def agents(self) -> Mapping[str, Agent]:
        """The agents by their names."""
        return self.parts.agents

    def gate(self, agent: str) -> Gate:
        """The gate to the tools of an agent, beyond whose profile nobody goes, or to those that run the agents.

        Raises:
            UnknownName: there is no such agent.
        """
        if agent not in self.parts.served:
            known = ", ".join(sorted(self.parts.agents))
            raise UnknownName(
                f"no agent is named {agent!r}; there are {known}, and {TEAM!r} for the tools that run them"
            )
        self._check_hooks()
        gate = replace(self.parts.ground.gate, registry=self.parts.served[agent])
        if agent not in self.parts.agents:
            return gate
        found = self.parts.agents[agent]
        hooks = joined(joined(None, self.parts.policy_hooks), found.policy_hooks)
        return hooks.behind(gate, found.profile) if hooks else replace(gate, bound=found.profile)

    def _check_hooks(self) -> None:
        """Once, when the agents are there: tools that are gone later are no reason to stop."""
        if self._to_check is not None:
            agents = self.parts.agents.values()
            known = [entry.name for agent in agents for entry in agent.registry]
            check_names(self._to_check, known, "the runtime")
            self._to_check = None

    def caller(self, id: str, profile: PermissionProfile | None = None) -> Caller:
        """A caller of this tenant, by default under the runtime's profile."""
        return Caller(id=id, tenant=self.tenant, profile=profile or self.parts.profile)

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """The toolkits of all agents are open meanwhile."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.parts.runs.open_toolkits.held())
            for agent in self.parts.agents.values():
                await stack.enter_async_context(agent.open_toolkits.held())
            yield

    async def close(self) -> None:
        """Cancel what runs, and give back what is open. A runtime that is closed can be used again."""
        await self.parts.runs.close()
        stack, self._open = self._open, None
        if stack is not None:
            await stack.aclose()
        for model in self.parts.models:
            await model.aclose()
        self.parts.ground.gate.recorder.ledger.close()
        await self.parts.ground.storage.aclose()

    async def __aenter__(self) -> Self:
        """Keep the toolkits open, instead of opening them for each run."""
        if self._open is None:
            self._open = AsyncExitStack()
            await self._open.enter_async_context(self.lifespan())
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

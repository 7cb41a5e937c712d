"""`Runtime`: agents of one tenant, and everything they keep, behind every door."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

from toolyard_agents.agent import Agent
from toolyard_agents.references.reference import Reference
from toolyard_agents.references.references import MISSING, References
from toolyard_agents.runtime.approval_record import Outcome
from toolyard_agents.runtime.approvals import Approvals
from toolyard_agents.runtime.running import Event, Query, Runs
from toolyard_agents.spec.reference_spec import ReferenceSpec
from toolyard_agents.storage.storage import Storage
from toolyard_agents.team.team import Team, chosen
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.changes import Changes
from toolyard_kernel.errors import UnknownName
from toolyard_kernel.offers.prompt_registry import Prompts
from toolyard_kernel.offers.resource_registry import Resources
from toolyard_kernel.profiles.builtin import BUILT_IN
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.registry import Registry

TEAM = "mcp"
"""The name under which the tools that run the agents are served."""
HOST = "python"
"""The id of the caller who is the program itself."""


@dataclass(slots=True, kw_only=True)
class Runtime:
    """Made by `create_runtime(spec)`. `tenant` scopes whatever is kept; nothing can be asked of another. `profile` is
    that of callers over MCP who show no token.

    The program's own runs may do what an agent's profile grants; a caller over MCP may do no more than both it and the
    agent may. `agent="mcp"` serves tools that run the agents, and an agent's name serves that agent's own tools.
    """

    tenant: str
    profile: PermissionProfile
    team: Team
    served: Mapping[str, Registry]
    storage: Storage
    runs: Runs
    approvals: Approvals
    references: References
    resources: Resources
    prompts: Prompts
    changes: Changes
    _open: AsyncExitStack | None = field(default=None, repr=False)

    def query(self, prompt: str, thread_id: str, resume: int | None = None) -> AsyncGenerator[Event]:
        """The events of a prompt to the coordinator, or to the only agent, as dicts; each has its number in the thread
        as `event_id`.

        Prompts of one thread run one after the other. `resume` is the last number that the reader has of an earlier
        stream: what came after it is told again, and a run that did not complete goes on, making no call twice.

        Raises:
            UnknownName: there are several agents, and none is a coordinator.
        """
        return self.runs.events(
            Query(agent=chosen(self.team.agents, None), prompt=prompt, thread_id=thread_id, resume=resume)
        )

    def run_specialist(
        self, name: str, prompt: str, thread_id: str, resume: int | None = None
    ) -> AsyncGenerator[Event]:
        """As `query`, to the agent of this name, whatever its role is.

        Raises:
            UnknownName: there is none.
        """
        return self.runs.events(
            Query(agent=chosen(self.team.agents, name), prompt=prompt, thread_id=thread_id, resume=resume)
        )

    async def respond_to_approval(self, approval_id: str, outcome: Outcome, feedback: str | None = None) -> None:
        """Answer an ask with `approve`, `reject` or `revise`, once; the model reads the feedback.

        Raises:
            ValueError: this is no outcome.
            UnknownName: no ask of this id waits.
            StorageError: the answer cannot be kept.
        """
        await self.approvals.respond(approval_id, outcome, feedback)

    async def pending_approvals(self) -> list[dict[str, Any]]:
        """The asks that wait, oldest first: `id`, `tool`, `arguments`, `reason`, `agent`, `thread_id`, `expires`, ….

        Raises:
            StorageError: they cannot be read.
        """
        return [approval.to_dict() for approval in await self.approvals.pending()]

    async def create_reference(self, kind: ReferenceSpec | str, payload: Any, *, glimpse: Any = MISSING) -> Reference:
        """Keep a value. A kind that the spec declares has its schema and its glimpse; others hold any JSON value.

        Raises:
            ValueError: the value does not fit, or is no JSON.
            StorageError: it cannot be kept.
        """
        return await self.references.create(HOST, kind, payload, glimpse=glimpse)

    async def resolve_reference(self, reference: Reference | str) -> Any:
        """The whole value.

        Raises:
            UnknownName: there is none, or its time is over.
            StorageError: it cannot be read.
        """
        return await self.references.resolve(HOST, reference)

    async def reference_glimpse(self, reference: Reference | str) -> Any:
        """The small view of the value.

        Raises:
            UnknownName, StorageError: as `resolve_reference`.
        """
        return await self.references.glimpse(HOST, reference)

    def agents(self) -> Mapping[str, Agent]:
        """The agents by their names."""
        return self.team.agents

    def gate(self, agent: str) -> Gate:
        """The gate to the tools of an agent, beyond whose profile nobody goes, or to those that run the agents.

        Raises:
            UnknownName: there is no such agent.
        """
        if agent not in self.served:
            known = ", ".join(sorted(self.team.agents))
            raise UnknownName(
                f"no agent is named {agent!r}; there are {known}, and {TEAM!r} for the tools that run them"
            )
        bound = self.team.agents[agent].profile if agent in self.team.agents else None
        return replace(self.team.gate, registry=self.served[agent], bound=bound)

    def caller(self, id: str, profile: PermissionProfile | None = None) -> Caller:
        """A caller of this tenant, by default under the runtime's profile."""
        return Caller(id=id, tenant=self.tenant, profile=profile or self.profile)

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """The toolkits of all agents are open meanwhile."""
        async with self.runs.open_toolkits.held():
            yield

    async def close(self) -> None:
        """Cancel what runs, and give back what is open. A runtime that is closed can be used again."""
        await self.runs.close()
        stack, self._open = self._open, None
        if stack is not None:
            await stack.aclose()
        for agent in self.team.agents.values():
            if not isinstance(agent.model, str):
                await agent.model.aclose()
        self.team.gate.recorder.ledger.close()
        await self.storage.aclose()

    async def __aenter__(self) -> Self:
        """Keep the toolkits open, instead of opening them for each run."""
        if self._open is None:
            self._open = AsyncExitStack()
            await self._open.enter_async_context(self.lifespan())
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


def host_of(tenant: str) -> Caller:
    """The program itself, as a caller."""
    return Caller(id=HOST, tenant=tenant, profile=BUILT_IN["unrestricted"])

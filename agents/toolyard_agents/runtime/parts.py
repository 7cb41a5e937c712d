"""What a runtime is put together from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from toolyard_agents.agent import Agent
from toolyard_agents.hooks.policy_hooks import PolicyHooks
from toolyard_agents.hooks.run_hooks import joined
from toolyard_agents.models.model import Model
from toolyard_agents.references.references import References
from toolyard_agents.runtime.approvals import ApprovalDesk
from toolyard_agents.runtime.running import Runs
from toolyard_agents.spec.reference_spec import ReferenceSpec
from toolyard_agents.spec.runtime_spec import TEAM
from toolyard_agents.storage.memory import MemoryStorage
from toolyard_agents.storage.storage import Storage
from toolyard_agents.team.team import Team
from toolyard_agents.team.tools import team_tools
from toolyard_agents.telemetry.calls import observe_call
from toolyard_agents.threads.stored import StoredThreads
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import checked_services
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.changes import Changes
from toolyard_kernel.folders import state_folder
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.ledger.ledger import Ledger
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.offers.prompt_registry import Prompts
from toolyard_kernel.offers.resource_registry import Resources
from toolyard_kernel.profiles.builtin import BUILT_IN, READONLY
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.references.resources import reference_resources
from toolyard_kernel.tools.opening import OpenToolkits
from toolyard_kernel.tools.registry import Registry

HOST = "python"
"""The id of the caller who is the program itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What there is before there are agents: where things are kept, and the gate that every call goes through."""

    tenant: str
    storage: Storage
    references: References
    gate: Gate

    @classmethod
    def of(
        cls,
        tenant: str,
        storage: Storage,
        *,
        kinds: Iterable[ReferenceSpec] = (),
        services: Mapping[str, Any] | None = None,
        ledger: Ledger | None = None,
    ) -> Ground:
        """`kinds` are those of references that have a schema; records go to the state folder, or to `ledger`.

        Raises:
            DefinitionError: a service has a name that no handler could reach.
        """
        references = References(storage=storage, tenant=tenant, specs={kind.name: kind for kind in kinds})
        gate = Gate(
            registry=Registry(),
            recorder=Recorder(ledger or FileLedger(state_folder())),
            approvals=Approvals(state_folder()),
            services=checked_services(services),
            references=references,
            observer=observe_call,
        )
        return cls(tenant=tenant, storage=storage, references=references, gate=gate)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeParts:
    """Of one tenant. `profile` is that of callers over MCP who show no token; `served` are the tools that they find, by
    the name of an agent, or of the team. `models` are those that the runtime made, and closes. `policy_hooks` hold in
    every run."""

    ground: Ground
    profile: PermissionProfile
    agents: dict[str, Agent]
    served: dict[str, Registry]
    team: Team
    runs: Runs
    approvals: ApprovalDesk
    resources: Resources
    prompts: Prompts
    models: tuple[Model, ...] = ()
    policy_hooks: PolicyHooks | None = None

    @classmethod
    def of(
        cls,
        ground: Ground,
        agents: dict[str, Agent],
        served: Mapping[str, Registry],
        open_toolkits: OpenToolkits,
        profile: PermissionProfile = READONLY,
        models: tuple[Model, ...] = (),
        policy_hooks: PolicyHooks | None = None,
    ) -> RuntimeParts:
        """The parts of a runtime of these agents."""
        hooks = joined(None, policy_hooks)
        ground = replace(ground, gate=hooks.discreet(ground.gate)) if hooks else ground
        threads = StoredThreads(storage=ground.storage)
        redaction = hooks.redaction if hooks else None
        approvals = ApprovalDesk(storage=ground.storage, tenant=ground.tenant, redaction=redaction)
        team = Team(agents=agents, gate=ground.gate, threads=threads, hooks=hooks)
        host = Caller(id=HOST, tenant=ground.tenant, profile=BUILT_IN["unrestricted"])
        parts = cls(
            ground=ground,
            profile=profile,
            agents=agents,
            served={TEAM: Registry(), **served},
            team=team,
            runs=Runs(
                gate=ground.gate,
                caller=host,
                threads=threads,
                approvals=approvals,
                open_toolkits=open_toolkits,
                agents=agents,
                hooks=hooks,
            ),
            approvals=approvals,
            resources=_resources(ground.references, ground.gate.changes),
            prompts=Prompts(ground.gate.changes),
            models=models,
            policy_hooks=policy_hooks,
        )
        parts.serve_team()
        return parts

    def serve_team(self) -> None:
        """Serve the tools that run the agents, those of new ones too."""
        found = self.served[TEAM]
        for tool in team_tools(self.team):
            if found.find(tool.name) is None:
                found.register(tool)


def bare_parts(policy_hooks: PolicyHooks | None = None) -> RuntimeParts:
    """Those of a runtime without a spec, which agents are registered with: it keeps things in memory."""
    ground, toolkits = Ground.of("default", MemoryStorage()), OpenToolkits((), lambda toolkit: None)
    return RuntimeParts.of(ground, {}, {}, toolkits, policy_hooks=policy_hooks)


def _resources(references: References, changes: Changes) -> Resources:
    resources = Resources(changes)
    for template in reference_resources(references):
        resources.register(template)
    return resources

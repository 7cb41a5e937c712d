"""The hooks of one run: the runtime's, those of the agent, and those of whoever delegated to it."""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from dataclasses import dataclass, field, replace

from toolyard_agents.errors import AgentError, ApprovalInterrupt
from toolyard_agents.hooks.approval_gate import ApprovalGate, gates_answer
from toolyard_agents.hooks.logs import discreetly
from toolyard_agents.hooks.policy_hooks import PolicyHooks
from toolyard_agents.hooks.redacted import RedactedModel, RedactedReferences
from toolyard_agents.hooks.redaction import Redact, Redaction
from toolyard_agents.models.model import Model
from toolyard_kernel.approvals.asks import PASSED_ON, Answer, Approver, Ask, PassedOn
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.profiles.profile import PermissionProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHooks:
    """All of them hold, in this order."""

    all: tuple[PolicyHooks, ...]
    redaction: Redaction | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        hooks = tuple(hooks.pii_redaction for hooks in self.all if hooks.pii_redaction)
        object.__setattr__(self, "redaction", Redaction(hooks) if hooks else None)

    @property
    def redact(self) -> Redact | None:
        """What takes out of a text that is written down or told what must not be; None leaves it as it is."""
        return self.redaction.text if self.redaction else None

    def narrowed(self, profile: PermissionProfile) -> PermissionProfile:
        """What a caller under this profile may do here."""
        for hooks in self.all:
            profile = hooks.narrowed(profile)
        return profile

    def gates(self, tool: str) -> tuple[ApprovalGate, ...]:
        """The gates that must approve a call of this tool."""
        found = (hooks.approval_gate for hooks in self.all)
        return tuple(gate for gate in found if gate and tool in gate.tools)

    def behind(self, gate: Gate, bound: PermissionProfile) -> Gate:
        """A gate whose callers are bound by these hooks, without a run."""
        return replace(self.discreet(gate), bound=self.narrowed(bound), approver=self._approver(gate.approver))

    def discreet(self, gate: Gate) -> Gate:
        """The gate, which writes nothing down that is to be redacted."""
        redaction = self.redaction
        if redaction is None:
            return gate
        return replace(
            gate,
            recorder=replace(gate.recorder, redaction=redaction),
            approvals=Approvals(gate.approvals.state, redaction=redaction),
            observer=discreetly(gate.observer, redaction),
            references=gate.references and RedactedReferences(store=gate.references, redaction=redaction),
        )

    def asked(self, model: Model) -> Model:
        """The model, which is not shown what models must not see."""
        redaction = self.redaction.for_models if self.redaction else None
        return model if redaction is None else RedactedModel(model=model, redaction=redaction)

    def _approver(self, otherwise: Approver | None) -> Approver | None:
        if not any(hooks.approval_gate for hooks in self.all):
            return otherwise

        def approve(ask: Ask) -> bool | Answer | PassedOn | Awaitable[bool | Answer | PassedOn]:
            if gates := self.gates(ask.tool):
                return answered_at_once(gates, ask)
            return PASSED_ON if otherwise is None else otherwise(ask)

        return approve


async def answered_at_once(gates: tuple[ApprovalGate, ...], ask: Ask) -> Answer:
    """The gates' answer where nothing can be interrupted to wait for one."""
    try:
        return await gates_answer(gates, ask)
    except ApprovalInterrupt:
        return Answer(approved=False, reason="approval is needed, and this call cannot wait for it")


def joined(outer: RunHooks | None, own: PolicyHooks | None) -> RunHooks | None:
    """The hooks of an agent within those of its runtime and its askers; an agent that asks itself has them once."""
    if own is None or (outer is not None and any(own is one for one in outer.all)):
        return outer
    return RunHooks(all=(*(outer.all if outer else ()), own))


def redaction_of(outer: RunHooks | None, own: PolicyHooks | None) -> Redaction | None:
    """What is taken out of all that a run with these hooks writes down."""
    hooks = joined(outer, own)
    return hooks.redaction if hooks else None


def check_names(hooks: PolicyHooks | None, known: Collection[str], whose: str) -> None:
    """That each tool which the hooks name is there: a name misspelt would take nothing away, and ask for nothing.

    Raises:
        AgentError: one is not.
    """
    if missing := sorted(hooks.names - set(known)) if hooks else ():
        raise AgentError(
            f"policy_hooks name {', '.join(map(repr, missing))}, and {whose} has {', '.join(sorted(known)) or 'none'}; "
            "correct the name, or give a pattern (a trailing *) for tools that come later"
        )

"""`PolicyHooks`: what a runtime or an agent puts upon every run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolyard_agents.errors import AgentError
from toolyard_agents.hooks.approval_gate import ApprovalGate
from toolyard_agents.hooks.tool_filter import ToolFilter
from toolyard_kernel.profiles.profile import PermissionProfile

if TYPE_CHECKING:
    from toolyard_agents.hooks.pii_redaction import PIIRedactionHook


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyHooks:
    """What holds in every run of a runtime or of an agent. Those of both hold where both have some."""

    pii_redaction: PIIRedactionHook | None = None
    tool_filter: ToolFilter | None = None
    approval_gate: ApprovalGate | None = None

    def __post_init__(self) -> None:
        _check("tool_filter", self.tool_filter, ToolFilter)
        _check("approval_gate", self.approval_gate, ApprovalGate)
        if self.pii_redaction is not None:
            # Here, not at the top: it compiles its patterns, with a library that nobody else needs to run an agent.
            from toolyard_agents.hooks.pii_redaction import PIIRedactionHook  # noqa: PLC0415

            _check("pii_redaction", self.pii_redaction, PIIRedactionHook)

    @property
    def names(self) -> frozenset[str]:
        """The tools that they name one by one."""
        return frozenset[str]().union(*(one.names for one in (self.tool_filter, self.approval_gate) if one))

    def narrowed(self, profile: PermissionProfile) -> PermissionProfile:
        """The profile without the tools that are filtered, and with an ask for those that the gate is for."""
        tools = profile.tools & self.tool_filter.rules if self.tool_filter else profile.tools
        approval = profile.approval
        if self.approval_gate:
            required = approval.required_tools | self.approval_gate.tools
            approval = approval.model_copy(update={"required_tools": required})
        if (tools, approval) == (profile.tools, profile.approval):
            return profile
        return profile.model_copy(
            update={"profile": f"{profile.profile} & hooks", "tools": tools, "approval": approval}
        )


def check_hooks(given: object) -> None:
    """That they are hooks, where there are some.

    Raises:
        AgentError: they are none.
    """
    _check("policy_hooks", given, PolicyHooks)


def _check(name: str, given: object, kind: type) -> None:
    if given is not None and not isinstance(given, kind):
        raise AgentError(f"{name}={given!r}; expected a {kind.__name__}")

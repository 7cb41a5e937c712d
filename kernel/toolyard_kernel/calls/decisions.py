"""Allow, ask or deny: the one place where it is decided, for listing, calling and explaining alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from toolyard_kernel.effects import DANGEROUS, Effect
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.tool import ANY, NO_EFFECTS, Tool

Verdict = Literal["allow", "ask", "deny"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided for one caller, tool and arguments: by which rule, and why."""

    verdict: Verdict
    rule: str
    reason: str


def decide(tool: Tool, profile: PermissionProfile, more: frozenset[Effect] = NO_EFFECTS) -> Decision:
    """What `profile` says to a call of `tool`; a tool that is denied without `more` does not exist for the caller.

    `more` are the effects of this call besides those that every call of the tool has.
    """
    effects = tool.effects | more
    return _refusal(tool, effects, profile) or _ask(tool, effects, profile) or _granted(tool, effects, profile)


def possible_effects(tool: Tool, profile: PermissionProfile) -> frozenset[Effect]:
    """What a call of `tool` may do under `profile`, at the most."""
    return tool.effects | frozenset[Effect](effect for effect in tool.may if GRANTS[effect](profile, tool)[2])


def unknown(name: str) -> Decision:
    return Decision(verdict="deny", rule="registry", reason=f"no tool is named {name[:128]!r}")


def refuse(rule: str, reason: str) -> Decision:
    return Decision(verdict="deny", rule=rule, reason=reason)


def _refusal(tool: Tool, effects: frozenset[Effect], profile: PermissionProfile) -> Decision | None:
    name, rules = tool.name, profile.tools
    if name in rules.deny:
        return refuse("tools.deny", f"profile {profile.profile!r} denies the tool {name!r}")
    if name not in rules.allow:
        return refuse(
            "tools.allow", f"profile {profile.profile!r} allows only {', '.join(sorted(rules.allow.patterns))}"
        )
    for effect in sorted(effects):
        field, setting, granted = GRANTS[effect](profile, tool)
        if not granted:
            reason = f"tool {name!r} has the effect {effect}; profile {profile.profile!r} says {field}: {setting}"
            return refuse(field, reason)
    if lacking := tool.unavailable(profile):
        return refuse("backend", f"tool {name!r} cannot run here under profile {profile.profile!r}: {lacking}")
    return None


def _granted(tool: Tool, effects: frozenset[Effect], profile: PermissionProfile) -> Decision:
    reason = f"profile {profile.profile!r} grants {', '.join(sorted(effects))} to {tool.name!r}"
    return Decision(verdict="allow", rule="profile", reason=reason)


def _ask(tool: Tool, effects: frozenset[Effect], profile: PermissionProfile) -> Decision | None:
    approval = profile.approval
    if tool.approval == "always":
        return _asking("tool.approval", f"tool {tool.name!r} declares approval: always")
    if tool.name in approval.required_tools:
        return _asking("approval.required_tools", f"profile {profile.profile!r} asks for the tool {tool.name!r}")
    asking = effects & _effects_that_ask(tool, profile)
    if approval.mode == "all" or asking:
        rule = "approval.required_effects" if asking & approval.required_effects else f"approval.mode: {approval.mode}"
        because = f" with the effect {', '.join(sorted(asking))}" if asking else ""
        return _asking(rule, f"profile {profile.profile!r} asks for {tool.name!r}{because}")
    return None


def _asking(rule: str, reason: str) -> Decision:
    return Decision(verdict="ask", rule=rule, reason=reason)


def _effects_that_ask(tool: Tool, profile: PermissionProfile) -> frozenset[Effect]:
    asking = profile.approval.required_effects
    if profile.approval.mode in ("dangerous", "all"):
        asking |= DANGEROUS - CONFINED_SHELL if profile.confines_shell else DANGEROUS
    elif profile.approval.mode == "granular":
        asking |= GRANULAR_UPSTREAM_READS if tool.read_only else GRANULAR
    return asking


CONFINED_SHELL: frozenset[Effect] = frozenset({"shell"})
GRANULAR: frozenset[Effect] = frozenset({"database.write", "upstream"})
GRANULAR_UPSTREAM_READS: frozenset[Effect] = frozenset({"database.write"})

Grant = Callable[[PermissionProfile, Tool], tuple[str, object, bool]]
"""Of a profile and a tool: the field that rules, what it says, and whether that grants the effect."""


def _subject(tool: Tool) -> str:
    return tool.subject or tool.name


def _may_write(profile: PermissionProfile, tool: Tool) -> bool:
    return profile.file_write == "full" or (profile.file_write == "create-only" and not tool.overwrites)


def _runs_one_of(tool: Tool, profile: PermissionProfile) -> bool:
    return bool(profile.agents) if tool.subject == ANY else _subject(tool) in profile.agents


GRANTS: dict[Effect, Grant] = {
    "files.read": lambda profile, tool: ("files", "within the root", True),
    "files.write": lambda profile, tool: ("file_write", profile.file_write, _may_write(profile, tool)),
    "shell": lambda profile, tool: ("shell", profile.shell, profile.shell != "off"),
    "database.read": lambda profile, tool: ("database", profile.database, profile.database != "off"),
    "database.write": lambda profile, tool: ("database", profile.database, profile.database == "mutations"),
    "network": lambda profile, tool: ("network", profile.network.to_yaml(), bool(profile.network)),
    "agents": lambda profile, tool: ("agents", profile.agents.to_yaml(), _runs_one_of(tool, profile)),
    "upstream": lambda profile, tool: ("upstream", profile.upstream.to_yaml(), _subject(tool) in profile.upstream),
    "custom": lambda profile, tool: ("tools", "granted", True),
}

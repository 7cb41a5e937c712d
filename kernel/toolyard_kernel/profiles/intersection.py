"""`a & b`: a profile that never grants, and never lets pass unasked, what either side would not."""

from __future__ import annotations

from typing import TypeVar

from toolyard_kernel.effects import Effect
from toolyard_kernel.profiles.profile import Answerer, ApprovalRules, Limits, PermissionProfile, ToolRules

SHELL = ("off", "restricted", "unrestricted")
FILE_WRITE = ("off", "create-only", "full")
DATABASE = ("off", "readonly", "mutations")
MODES = ("none", "granular", "dangerous", "all")

Level = TypeVar("Level", bound=str)
Number = TypeVar("Number", int, float)


def intersect(a: PermissionProfile, b: PermissionProfile) -> PermissionProfile:
    """The profile of a caller who is bound by both."""
    shell = _weakest(SHELL, a.shell, b.shell)
    return PermissionProfile(
        profile=a.profile if a.profile == b.profile else f"{a.profile} & {b.profile}",
        description=a.description if a.description == b.description else "",
        shell=shell,
        file_write=_weakest(FILE_WRITE, a.file_write, b.file_write),
        database=_weakest(DATABASE, a.database, b.database),
        network=a.network & b.network,
        agents=a.agents & b.agents,
        upstream=a.upstream & b.upstream,
        tools=ToolRules(allow=a.tools.allow & b.tools.allow, deny=a.tools.deny | b.tools.deny),
        approval=_approval(a, b, confined=shell == "restricted"),
        limits=_limits(a.limits, b.limits),
    )


def _approval(a: PermissionProfile, b: PermissionProfile, *, confined: bool) -> ApprovalRules:
    # A side that asks for its unrestricted shell goes on asking when the other side confines the shell.
    asks_for_shell = confined and any(
        side.shell == "unrestricted" and side.approval.mode == "dangerous" for side in (a, b)
    )
    kept: frozenset[Effect] = frozenset({"shell"}) if asks_for_shell else frozenset()
    return ApprovalRules(
        mode=max(a.approval.mode, b.approval.mode, key=MODES.index),
        required_tools=a.approval.required_tools | b.approval.required_tools,
        required_effects=a.approval.required_effects | b.approval.required_effects | kept,
        on_ask=_on_ask(a.approval.on_ask, b.approval.on_ask),
        deadline=min(a.approval.deadline, b.approval.deadline),
    )


def _on_ask(a: tuple[Answerer, ...], b: tuple[Answerer, ...]) -> tuple[Answerer, ...]:
    """Answerers that both sides reach; `allow` is kept only where it skips nobody whom either side would ask."""
    mine, theirs = _reached(a), _reached(b)
    if theirs == ("allow",) or set(mine) == set(theirs):
        return mine
    if mine == ("allow",):
        return theirs
    return (*(x for x in mine if x in theirs and x not in ("allow", "deny")), "deny")


def _reached(order: tuple[Answerer, ...]) -> tuple[Answerer, ...]:
    for position, answerer in enumerate(order):
        if answerer in ("allow", "deny"):
            return order[: position + 1]
    return order


def _limits(a: Limits, b: Limits) -> Limits:
    return Limits(
        timeout=min(a.timeout, b.timeout),
        output_bytes=min(a.output_bytes, b.output_bytes),
        max_turns=_least(a.max_turns, b.max_turns),
        max_tokens=_least(a.max_tokens, b.max_tokens),
        max_cost=_least(a.max_cost, b.max_cost),
        depth=min(a.depth, b.depth),
        fan_out=min(a.fan_out, b.fan_out),
    )


def _weakest(order: tuple[str, ...], a: Level, b: Level) -> Level:
    return min(a, b, key=order.index)


def _least(a: Number | None, b: Number | None) -> Number | None:
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)

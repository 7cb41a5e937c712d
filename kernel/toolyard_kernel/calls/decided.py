"""Decisions that were made before, and hold."""

from __future__ import annotations

from toolyard_kernel.calls.decisions import Decision, decide
from toolyard_kernel.effects import Effect
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.tool import NO_EFFECTS, Tool, always_available

MOST = 64
"""Decisions that are kept of one tool."""

Question = tuple[int, frozenset[Effect]]
"""Which profile, by its identity, and which effects besides those of every call."""


class Decided:
    """What was decided about one tool.

    A tool and a profile never change, so what `decide` says of both never does: one that was changed is another one.
    Only what a machine lacks may change, so a tool that depends on it is decided anew each time.
    """

    __slots__ = ("_known", "_tool")

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._known: dict[Question, tuple[PermissionProfile, Decision]] = {}

    def under(self, profile: PermissionProfile, more: frozenset[Effect] = NO_EFFECTS) -> Decision:
        """What `decide` says to a call of the tool under `profile`."""
        question = id(profile), more
        if known := self._known.get(question):
            return known[1]
        decision = decide(self._tool, profile, more)
        if self._tool.unavailable is always_available:
            self._keep(question, profile, decision)
        return decision

    def _keep(self, question: Question, profile: PermissionProfile, decision: Decision) -> None:
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[question] = profile, decision  # while the profile is held, no other one has its identity

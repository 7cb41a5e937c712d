"""What follows from the tools and a caller's profile alone, worked out once for each until the tools change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from toolyard.mcp.callers import Counter
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.registry import Registry
from toolyard_kernel.tools.tool import Tool, always_available

Made = TypeVar("Made")

MOST = 64
"""Profiles that are remembered; after that it is begun anew. A server has a few."""


class Views(Generic[Made]):
    """Remembers what `make` made for the profile of a caller."""

    def __init__(self, counter: Counter, make: Callable[[Caller], Made]) -> None:
        self._counter = counter
        self._make = make
        self._seen: tuple[Registry, int] | None = None
        self._changeable: list[Tool] = []
        self._made: dict[int, tuple[PermissionProfile, tuple[str | None, ...], Made]] = {}

    def of(self, caller: Caller) -> Made:
        gate, profile = self._counter.gate, caller.profile
        registry = gate.registry
        if self._seen != (registry, registry.version) or len(self._made) > MOST:
            self._begin(registry)
        lacking = self._lacking(gate.bounded(caller).profile) if self._changeable else ()
        known = self._made.get(id(profile))
        if known is None or known[1] != lacking:  # the profile is kept with it, so that no other can have its id
            known = self._made[id(profile)] = (profile, lacking, self._make(caller))
        return known[2]

    def _lacking(self, profile: PermissionProfile) -> tuple[str | None, ...]:
        return tuple([tool.unavailable(profile) for tool in self._changeable])

    def _begin(self, registry: Registry) -> None:
        self._seen = (registry, registry.version)
        self._changeable = [entry.tool for entry in registry if entry.tool.unavailable is not always_available]
        self._made.clear()

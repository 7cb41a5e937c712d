"""`ToolFilter`: which tools there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from toolyard_agents.hooks.names import exact, names_of
from toolyard_kernel.profiles.names import ALL, Names
from toolyard_kernel.profiles.rules import ToolRules


@dataclass(frozen=True, slots=True)
class ToolFilter:
    """Takes tools away: those `denied`, and, where `allowed` is given, all others.

    What is taken away is neither offered nor found. A name with a trailing `*` matches the rest of a name. One without
    it must be the name of a tool.

    Raises:
        AgentError: what is given are no names.
    """

    denied: Iterable[str] = ()
    allowed: Iterable[str] | None = None
    rules: ToolRules = field(init=False, repr=False)

    def __post_init__(self) -> None:
        allow = Names((ALL,)) if self.allowed is None else names_of(self.allowed, "allowed")
        rules = ToolRules(allow=allow, deny=names_of(self.denied, "denied"))
        object.__setattr__(self, "rules", rules)

    @property
    def names(self) -> frozenset[str]:
        """The tools that it names one by one."""
        return exact(self.rules.allow) | exact(self.rules.deny)

"""The names of tools that a hook is given."""

from __future__ import annotations

from collections.abc import Iterable

from toolyard_agents.errors import AgentError
from toolyard_kernel.profiles.names import Names


def names_of(given: Iterable[str], what: str) -> Names:
    """Patterns as a profile has them: a name, or its beginning with a trailing `*`.

    Raises:
        AgentError: this is no collection of such patterns.
    """
    if isinstance(given, Names):
        return given
    if isinstance(given, str):
        raise AgentError(f"{what}={given!r}: expected a set of names, such as {{{given!r}}}")
    listed = list(given)
    try:
        return Names.parse(listed)
    except ValueError as error:
        raise AgentError(f"{what}={listed!r}: expected names of tools; a trailing * matches the rest of one") from error


def exact(names: Names) -> frozenset[str]:
    """The patterns that mean one tool."""
    return frozenset(name for name in names.patterns if not name.endswith("*"))

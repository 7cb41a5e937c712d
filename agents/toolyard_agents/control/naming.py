"""How a person names a session: by as much of the beginning of its id as no other has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolyard_agents.control.listing import listed
from toolyard_kernel.errors import UnknownName

SHORTEST = 8
"""Characters of an id that a person is shown."""
MOST_NAMED = 5


def find(root: Path, prefix: str) -> str:
    """The id that is this, or else the only one that begins so.

    Raises:
        UnknownName: there is none, or there are several, which the text names.
    """
    ids = [one.id for one in listed(root, prefix)] if prefix else []
    if prefix in ids:
        return prefix
    if not ids:
        raise UnknownName(f"no session's id begins with {prefix!r}; `toolyard ps --all` lists those that there are")
    if len(ids) > 1:
        more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
        raise UnknownName(f"several sessions have ids that begin with {prefix!r}: {', '.join(ids[:MOST_NAMED])}{more}")
    return ids[0]


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """For each id its shortest beginning, of eight characters or more, that no other has."""
    ordered = sorted(ids)
    beside = zip(ordered, ["", *ordered], [*ordered[1:], ""], strict=False)
    shared = {own: max(_shared(own, before), _shared(own, after)) for own, before, after in beside}
    return {own: own[: max(SHORTEST, length + 1)] for own, length in shared.items()}


def _shared(one: str, other: str) -> int:
    """How many characters they have in common at their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))

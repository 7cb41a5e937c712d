"""Who calls."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_kernel.profiles.profile import PermissionProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One caller: every call has one, local ones too.

    `id` is `stdio`, `http`, `cli`, `python`, or `token:<id>` for a caller that showed a token. The profile is the
    whole of what this caller may do.
    """

    id: str
    profile: PermissionProfile
    tenant: str = "default"
    scopes: frozenset[str] = frozenset()

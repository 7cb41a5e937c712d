"""Who calls."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_kernel.profiles.profile import PermissionProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One caller: every call has one, local ones too.

    `id` is `stdio`, `http`, `cli`, `python`, or `token:<id>` for a caller that showed a token. The profile is the
    whole of what this caller may do. `on_behalf_of` is the id of the caller whose agent makes the call, where it is not
    that caller itself.
    """

    id: str
    profile: PermissionProfile
    tenant: str = "default"
    scopes: frozenset[str] = frozenset()
    on_behalf_of: str | None = None

    @property
    def principal(self) -> str:
        """Whose things this caller's are: an agent's references, plans and threads belong to whoever runs it."""
        return self.on_behalf_of or self.id

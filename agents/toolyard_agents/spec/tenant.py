"""Whose a runtime is."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_agents.spec.naming import checked_name


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSpec:
    """A tenant, and the version of it: nothing of one is ever seen by another."""

    name: str
    version: str

    @property
    def resource_id(self) -> str:
        """What scopes everything that is kept: `name:version`."""
        return f"{self.name}:{self.version}"


def define_tenant(name: str, version: str) -> TenantSpec:
    """A tenant.

    Raises:
        SpecError: the name or the version is not 1 to 60 of A-Z a-z 0-9 _ . -
    """
    return TenantSpec(name=checked_name(name, "tenant"), version=checked_name(version, "tenant version"))

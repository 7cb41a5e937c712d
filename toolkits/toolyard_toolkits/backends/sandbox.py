"""The backend `sandbox`: this machine, inside bubblewrap."""

from __future__ import annotations

from toolyard_toolkits.backends.local import LocalBackend


class SandboxBackend(LocalBackend):
    """To come."""

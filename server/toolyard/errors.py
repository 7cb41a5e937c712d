"""Errors of the server, below the kernel's.

ToolyardError
└── StartError      the server cannot start as it was told to: an address, a transport, a door that must not open
"""

from __future__ import annotations

from toolyard_kernel.errors import ToolyardError


class StartError(ToolyardError):
    """The server cannot start; the text says what to change."""

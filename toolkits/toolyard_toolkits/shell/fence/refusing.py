"""Why a command is refused, in words for whoever wrote it."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - says what it is
    """A command is refused; the text names what in it, and says what to do."""

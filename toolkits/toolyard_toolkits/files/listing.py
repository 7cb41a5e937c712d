"""What `list` answers: the entries of a folder, and of the folders in it."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_kernel.backends import Directory
from toolyard_kernel.calls.context import ToolContext
from toolyard_toolkits.backends.refusals import named
from toolyard_toolkits.files.walk import MOST_ENTRIES, Walk

FRAME_BYTES = 400
"""Kept free for what is said above and below the entries, besides the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One call of `list`. `depth` is how many levels to show, `None` for all of them."""

    root: Directory
    path: str
    depth: int | None
    ctx: ToolContext

    def answer(self) -> str:
        """The entries in the order of their names, in whole lines within the caller's limit.

        Raises:
            ToolError: there is no such folder, or it cannot be read.
        """
        room = self._limit() - FRAME_BYTES - len(named(self.path).encode())
        walk = Walk(depth=self.depth, room=room, ctx=self.ctx)
        with self.root.folder(self.path) as folder:
            walk.through(folder)
        entries = [walk.lines[names] for names in sorted(walk.lines)]
        return "\n".join([self._header(walk), *entries, *self._trailer(walk)])

    def _limit(self) -> int:
        return self.ctx.caller.profile.limits.output_bytes

    def _header(self, walk: Walk) -> str:
        entries = "1 entry" if walk.counted == 1 else f"{walk.counted} entries"
        return f"{named(self.path)}: {'more than ' if walk.waiting else ''}{entries}"

    def _trailer(self, walk: Walk) -> list[str]:
        left_out = walk.counted - len(walk.lines)
        if not left_out:
            return []
        more = f"{'at least ' if walk.waiting else ''}{left_out} more"
        most = f"an answer has at most {MOST_ENTRIES} entries and {self._limit()} bytes"
        return [f"[{more} not shown: {most}; {self._advice()}]"]

    def _advice(self) -> str:
        if self.depth == 1:
            return "list a folder of these by its own path, or search for the names you need"
        return "list a folder of these by its own path, or with max_depth=1 for its own entries only"

"""What a call asks for, ready to be carried out."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_kernel.calls.context import ToolContext
from toolyard_toolkits.roots import Root
from toolyard_toolkits.search.budget import Budget
from toolyard_toolkits.search.found_lines import FoundLines
from toolyard_toolkits.search.globbing import Globbing
from toolyard_toolkits.search.globs import EVERYTHING, Glob
from toolyard_toolkits.search.grepping import Grepping
from toolyard_toolkits.search.patterns import Pattern

FRAME_BYTES = 700
"""Kept free for what is said above and below what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The arguments of `grep`, but for the path."""

    pattern: str
    glob: str | None
    ignore_case: bool
    context: int
    most: int


def grepping(root: Root, path: str, asked: Asked, ctx: ToolContext) -> Grepping:
    """
    Raises:
        ToolError: the pattern or the glob pattern is none.
    """
    return Grepping(
        root=root,
        path=path,
        pattern=Pattern.of(asked.pattern, ignore_case=asked.ignore_case),
        glob=Glob.of(asked.glob if asked.glob is not None else EVERYTHING, anywhere=True),
        context=asked.context,
        found=FoundLines(most=asked.most, room=_room(ctx)),
        budget=Budget(ctx=ctx),
    )


def globbing(path: str, pattern: str, most: int, ctx: ToolContext) -> Globbing:
    """
    Raises:
        ToolError: it is no glob pattern.
    """
    glob = Glob.of(pattern)
    return Globbing(path=path, text=pattern, glob=glob, most=most, room=_room(ctx), budget=Budget(ctx=ctx))


def _room(ctx: ToolContext) -> int:
    return ctx.caller.profile.limits.output_bytes - FRAME_BYTES

"""Drawing a tree of lines on a terminal with rich, the extra `toolyard[terminal]`."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from toolyard.cli.rich_drawing import STYLES
from toolyard.cli.trace_branches import Branch


def draw_rich(branch: Branch, console: Console | None = None) -> None:
    """The tree, as wide as the terminal."""
    (console or Console()).print(_tree(branch))


def _tree(branch: Branch) -> Tree:
    """All of it is `Text`: in a `str`, rich would find markup, and an agent may have written it."""
    tree = Tree(Text(branch.text, STYLES[branch.look] if branch.look else ""), guide_style="dim")
    tree.children.extend(map(_tree, branch.below))
    return tree

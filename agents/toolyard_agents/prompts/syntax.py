"""What a prompt file may write: a part of Jinja2 that cannot call, import or define anything."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from toolyard_agents.errors import PromptError
from toolyard_agents.prompts.filters import JOINED, ROUNDS, TAKEN

MOST_NODES = 10_000

ALLOWED: frozenset[type[nodes.Node]] = frozenset(
    {
        nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.With,
        nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword,
        nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Call,
        nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat,
        nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos,
    }
)  # fmt: skip


class NotAllowed(PromptError):  # noqa: N818 - says what it is
    """Something a prompt file may not write, on the line `line` of its text."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def check(template: nodes.Template) -> None:
    """See that every node is an allowed one.

    Raises:
        NotAllowed: one is not, or there are too many.
    """
    for number, node in enumerate(_all(template)):
        if type(node) not in ALLOWED or (isinstance(node, nodes.For) and node.recursive):
            raise NotAllowed(
                f"{type(node).__name__} is not for prompts; expected variables, if, for, set and filters", node.lineno
            )
        if number > MOST_NODES:
            raise NotAllowed(f"it has more than {MOST_NODES} expressions", node.lineno)


def _all(root: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


class Metered(NodeTransformer):
    """Puts the meter's filters around whatever makes a value, reads one whole, or goes round."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - as the visitor looks for it
        self.generic_visit(node)
        node.iter = _filtered(node.iter, ROUNDS)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), JOINED)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr = _filtered(node.expr, TAKEN)
        return node

    def visit_Operand(self, node: nodes.Operand) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr = _filtered(node.expr, TAKEN)
        return node

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        return self._made(node) if node.ctx == "load" else node

    def _made(self, node: nodes.Expr) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(node, TAKEN)

    visit_List = visit_Dict = visit_Getitem = _made  # noqa: N815


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)

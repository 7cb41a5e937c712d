"""Checking what a graph is put together from, before it holds any of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast

from toolyard_agents.agent import Agent
from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.nodes import Key
from toolyard_kernel.tools.tool import Tool

OPTIONS: dict[str, tuple[str, ...]] = {
    "function": (),
    "model": ("prompt", "output"),
    "tool": ("arguments", "output"),
    "agent": ("prompt", "output"),
    "graph": (),
}
"""What else a node of each kind may be given."""
EXPECTED: dict[str, tuple[type, str]] = {
    "prompt": (str, "a text, or a function of the state"),
    "arguments": (dict, "a dict, or a function of the state"),
    "output": (str, "a key of the state"),
}


def names_of(given: object, what: str) -> tuple[str, ...]:
    """One name or several; those of a set in their order, so that they come in the same in every process.

    Raises:
        GraphError: one is none.
    """
    listed: list[object] = [given]
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        listed = list(cast("Iterable[object]", given))
    names = [name for name in listed if isinstance(name, str)]
    if len(names) < len(listed):
        raise GraphError(f"{what} is given {given!r}; expected the name of a node, or several")
    return tuple(sorted(names) if isinstance(given, AbstractSet) else names)


def targets_of(source: str, given: object) -> dict[Key, tuple[str, ...]]:
    """What comes next, by the keys of a branch.

    Raises:
        GraphError: these are no keys, or no names.
    """
    where = f"the branch after {source!r}"
    if not isinstance(given, Mapping):
        raise GraphError(f"{where} is given {given!r}; expected a dict of keys and the nodes that come next")
    targets = cast("Mapping[object, object]", given)
    if odd := [key for key in targets if not isinstance(key, str | int)]:
        raise GraphError(f"{where} has the key {odd[0]!r}; expected a text, a whole number or a bool")
    return {cast("Key", key): names_of(target, where) for key, target in targets.items()}


def check_callable(given: object, what: str) -> None:
    """That it is a function.

    Raises:
        GraphError: it is none.
    """
    if not callable(given):
        raise GraphError(f"{what} is given {given!r}; expected a function")


def check_node(name: str, kind: str, thing: object, options: Mapping[str, Any]) -> None:
    """That a node is given what its kind does, and nothing that it would not heed.

    Raises:
        GraphError: the text says what is expected.
    """
    where = f"node {name!r}"
    if kind == "function":
        check_callable(thing, where)
    expected = {"tool": (str, Tool), "agent": (str, Agent)}
    if kind in expected and not isinstance(thing, expected[kind]):
        raise GraphError(f"{where}: {kind}={thing!r}; expected a name, or {'a Tool' if kind == 'tool' else 'an Agent'}")
    if kind == "graph" and not callable(getattr(thing, "compile", None)):
        raise GraphError(f"{where}: graph={thing!r}; expected a Graph")
    if idle := [option for option, value in options.items() if value is not None and option not in OPTIONS[kind]]:
        raise GraphError(f"{where} is given {' and '.join(idle)}, which a node with a {kind} does not use")
    _check_options(where, options)


def _check_options(where: str, options: Mapping[str, Any]) -> None:
    for option, (kind, expected) in EXPECTED.items():
        value = options[option]
        is_function = option != "output" and callable(value)
        if value is not None and not isinstance(value, kind) and not is_function:
            raise GraphError(f"{where}: {option}={value!r}; expected {expected}")

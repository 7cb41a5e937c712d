"""What a node is given: the prompt of a model or an agent, the arguments of a tool."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio.to_thread

from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.nodes import Arguments, Prompt, Values
from toolyard_agents.graphs.values import PROMPT
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.registry import Registry


async def called(name: str, function: Callable[..., Any], *given: Any) -> Any:
    """What a function of the graph returns; a sync one runs in a worker thread, since it may block.

    Raises:
        GraphError: it failed.
    """
    try:
        if inspect.iscoroutinefunction(function):
            return await function(*given)
        said = await anyio.to_thread.run_sync(partial(function, *given), abandon_on_cancel=True)
        return await said if inspect.isawaitable(said) else said
    except Exception as error:
        raise GraphError(f"node {name!r} failed: {type(error).__name__}: {error}") from error


async def prompt_of(name: str, prompt: Prompt | None, values: Values) -> str:
    """What a model or an agent is asked.

    Raises:
        GraphError: the prompt names a key that the state does not have, or its function failed or returned no text.
    """
    if prompt is None:
        return _default(values)
    if isinstance(prompt, str):
        try:
            return prompt.format_map(values)
        except (LookupError, ValueError, AttributeError) as error:
            known = ", ".join(sorted(values))
            raise GraphError(
                f"node {name!r}: its prompt cannot be filled in: {error}; the state has {known}"
            ) from error
    said = await called(name, prompt, values)
    if not isinstance(said, str):
        raise GraphError(f"node {name!r}: its prompt is {type(said).__name__}; expected a text")
    return said


async def arguments_of(
    name: str, arguments: Arguments | None, values: Values, registry: Registry, tool: str
) -> JsonObject:
    """The arguments of a tool's call: by default what the state has of its parameters.

    Raises:
        GraphError: the function failed, or returned no object.
    """
    if arguments is None:
        entry = registry.find(tool)
        known: JsonObject = entry.tool.input_schema.get("properties", {}) if entry else {}
        return {key: values[key] for key in known if key in values}
    given = await called(name, arguments, values) if callable(arguments) else arguments
    if not isinstance(given, dict):
        raise GraphError(f"node {name!r}: its arguments are {type(given).__name__}; expected a dict")
    return given  # pyright: ignore[reportUnknownVariableType] - the gate checks it against the schema


def _default(values: Values) -> str:
    known = {key: value for key, value in values.items() if key != PROMPT}
    told = f"\n\nWhat is known so far:\n{json.dumps(known, default=str, ensure_ascii=False)}" if known else ""
    return f"{values.get(PROMPT, '')}{told}"

"""What a node is given: the prompt of a model or an agent, the arguments of a tool."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.nodes import Arguments, Prompt, Values
from toolyard_agents.graphs.values import PROMPT, as_told
from toolyard_kernel.calls.workers import Job, Workers
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.registry import Registry


async def called(workers: Workers, name: str, function: Callable[..., Any], *given: Any) -> Any:
    """What a function of the graph returns; a sync one runs in a worker thread, since it may block.

    Raises:
        GraphError: it failed, or would have ended the process, or cancelled itself.
        asyncio.CancelledError: the run is cancelled; a thread goes on, and nobody waits for it.
    """
    try:
        if inspect.iscoroutinefunction(function):
            return await function(*given)
        said = await workers.run(Job(lambda: _in_thread(name, function, given)))
        return await said if inspect.isawaitable(said) else said
    except GraphError:
        raise
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) and task.cancelling():
            raise
        raise _failed(name, error) from error
    except BaseException as error:  # asyncio would end the whole program with a SystemExit
        raise _failed(name, error) from error


def _in_thread(name: str, function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    """What leaves the thread is an error of ours: a StopIteration cannot, and a SystemExit must not."""
    try:
        return function(*given)
    except BaseException as error:
        raise _failed(name, error) from error


def _failed(name: str, error: BaseException) -> GraphError:
    return GraphError(f"node {name!r} failed: {type(error).__name__}: {error}")


async def prompt_of(workers: Workers, name: str, prompt: Prompt | None, values: Values) -> str:
    """What a model or an agent is asked.

    Raises:
        GraphError: the prompt names a key that the state does not have, or its function failed or returned no text.
    """
    if prompt is None:
        return _default(values)
    if isinstance(prompt, str):
        try:
            return prompt.format_map(values)
        except Exception as error:  # a value says itself how it is formatted
            known = ", ".join(sorted(values))
            raise GraphError(
                f"node {name!r}: its prompt cannot be filled in: {error}; the state has {known}"
            ) from error
    said = await called(workers, name, prompt, values)
    if not isinstance(said, str):
        raise GraphError(f"node {name!r}: its prompt is {type(said).__name__}; expected a text")
    return said


async def arguments_of(
    workers: Workers, name: str, arguments: Arguments | None, values: Values, registry: Registry, tool: str
) -> JsonObject:
    """The arguments of a tool's call: by default what the state has of its parameters.

    Raises:
        GraphError: the function failed, or returned no object.
    """
    if arguments is None:
        entry = registry.find(tool)
        known: JsonObject = entry.tool.input_schema.get("properties", {}) if entry else {}
        return {key: values[key] for key in known if key in values}
    given = await called(workers, name, arguments, values) if callable(arguments) else arguments
    if not isinstance(given, dict):
        raise GraphError(f"node {name!r}: its arguments are {type(given).__name__}; expected a dict")
    return given  # pyright: ignore[reportUnknownVariableType] - the gate checks it against the schema


def _default(values: Values) -> str:
    known = {key: value for key, value in values.items() if key != PROMPT}
    told = f"\n\nWhat is known so far:\n{as_told(known)}" if known else ""
    return f"{values.get(PROMPT, '')}{told}"

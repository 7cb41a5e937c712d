"""The spans of a run of an agent, and of each question to its model."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from toolyard_agents.models.model import Finished, Model
from toolyard_agents.models.provider import provider_of
from toolyard_agents.results import RunResult
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.telemetry.operation import Attributes, Ending, Operation, Value, is_heard, known, own, spanned
from toolyard_agents.usage import Usage

FAILED = frozenset({"error", "cancelled"})


def observe_run(
    emitter: Emitter, model: Model, thread_id: str, about: Attributes, made: Coroutine[Any, Any, RunResult]
) -> Coroutine[Any, Any, RunResult]:
    """The run as it is, or in a span where somebody hears of it; `about` are further attributes of our own."""
    if not is_heard():
        return made
    attributes = {
        **_asked("invoke_agent", model, thread_id),
        "gen_ai.agent.name": emitter.agent,
        **own({"run_id": emitter.run_id, **about}),
    }
    return spanned(Operation(name=f"invoke_agent {emitter.agent}", attributes=attributes, ended=_run_ended), made)


def observe_chat(model: Model, thread_id: str, made: Coroutine[Any, Any, Finished]) -> Coroutine[Any, Any, Finished]:
    """One question to the model, retries included, as it is or in a span."""
    if not is_heard():
        return made
    attributes: Attributes = {**_asked("chat", model, thread_id), "gen_ai.request.stream": True}
    return spanned(Operation(name=f"chat {model.name}", attributes=attributes, ended=_chat_ended, remote=True), made)


def _asked(operation: str, model: Model, thread_id: str) -> dict[str, Value]:
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": provider_of(model),
        "gen_ai.request.model": model.name,
        "gen_ai.conversation.id": thread_id,
    }


def _run_ended(result: RunResult) -> Ending:
    about = {"status": result.status, "stop_reason": result.stop_reason, "cost": result.cost}
    attributes = {**_used(result.used), **own(known(about))}
    return Ending(attributes, result.stop_reason if result.status in FAILED else None)


def _chat_ended(finished: Finished) -> Ending:
    about = {"gen_ai.response.model": finished.model, "toolyard.cost": finished.usage.cost}
    return Ending({**_used(finished.usage), **known(about), "gen_ai.response.finish_reasons": (finished.reason,)})


def _used(used: Usage) -> dict[str, Value]:
    return {
        "gen_ai.usage.input_tokens": used.input_tokens,
        "gen_ai.usage.output_tokens": used.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": used.cached_tokens,
        "gen_ai.usage.reasoning.output_tokens": used.reasoning_tokens,
    }

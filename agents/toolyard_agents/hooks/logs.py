"""Redacting what the logger of Toolyard writes while a run goes on."""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from traceback import format_exception
from typing import Any

from toolyard_agents.hooks.redaction import FAILED, Redaction
from toolyard_kernel.calls.observing import Observer
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.tools.registry import Registry

log = logging.getLogger("toolyard")

_redaction: ContextVar[Redaction | None] = ContextVar("toolyard_redaction", default=None)
"""Of the run that the current task or thread belongs to: a record of the log does not say whose it is."""


@contextmanager
def redacted_logs(redaction: Redaction) -> Generator[None]:
    """Until the block ends, whatever is logged in it, and by the tasks and threads that it starts, is redacted.

    What is redacted around it stays so.
    """
    log.addFilter(_redacted)  # once: a filter that is there is not added again
    outer = _redaction.get()
    token = _redaction.set(redaction if outer is None else outer.and_then(redaction))
    try:
        yield
    finally:
        _redaction.reset(token)


def discreetly(outer: Observer | None, redaction: Redaction) -> Observer:
    """An observer whose calls log nothing that is to be redacted."""

    async def logged(made: Coroutine[Any, Any, Outcome]) -> Outcome:
        with redacted_logs(redaction):
            return await made

    def observe(call: ToolCall, registry: Registry, made: Coroutine[Any, Any, Outcome]) -> Coroutine[Any, Any, Outcome]:
        return logged(outer(call, registry, made) if outer else made)

    return observe


def _redacted(record: logging.LogRecord) -> bool:
    redaction = _redaction.get()
    if redaction is None:
        return True
    token = _redaction.set(None)  # a redaction that fails says so in the log
    try:
        record.msg, record.args = redaction.text(_message(record)), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = redaction.text("".join(format_exception(record.exc_info[1])).rstrip("\n"))
        record.exc_info = None
        record.stack_info = redaction.text(record.stack_info) if record.stack_info else None
    finally:
        _redaction.reset(token)
    return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - logging itself would report it, with all its arguments
        return FAILED

"""What the `openai` client raises, as our errors: by type, status and code."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from toolyard_agents.errors import (
    ContextTooLong,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
    Unauthorized,
)
from toolyard_agents.models.retry_after import retry_after

TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error"})
NO_QUOTA = frozenset({"insufficient_quota", "billing_not_active"})
RATE_LIMITS = frozenset({"rate_limit_exceeded", "rate_limit_error"})
ABOUT_THE_CONTEXT = re.compile(r"maximum context length|context (window|size|length) (is )?exceeded", re.IGNORECASE)
ASK_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT})


def error_of(error: Exception) -> ModelError:
    """The error that stands for what the client raised."""
    match error:
        case APIStatusError():
            return _of_status(error, error.status_code, error.response.headers)
        case APITimeoutError():
            return ModelUnavailable("no connection, or no answer, in time")
        case APIConnectionError():
            cause = type(error.__cause__ or error).__name__
            return ModelUnavailable(f"the connection failed or was cut ({cause})")
        case APIError():
            return _of_status(error, _status_of(error), {})
        case _:
            return ModelUnavailable(f"its answer cannot be read ({type(error).__name__})")


def _of_status(error: APIError, status: int, headers: Mapping[str, str]) -> ModelError:
    when = f"HTTP {status}" if isinstance(error, APIStatusError) else "in the middle of its answer"
    said = f"{when}: {_text(error) or 'it failed without a word'}"
    codes = {error.code, error.type}
    if status == HTTPStatus.UNAUTHORIZED:  # the provider's own words quote the key
        return Unauthorized("the key was not accepted (HTTP 401); check OPENAI_API_KEY")
    if status == HTTPStatus.FORBIDDEN:
        return Unauthorized(said)
    if codes & TOO_LONG or _says_too_long(error, status):
        return ContextTooLong(said)
    if codes & NO_QUOTA:
        return ModelRefused(said)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(said, retry_after=retry_after(headers, time.time()))
    if status in ASK_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelUnavailable(said, retry_after=retry_after(headers, time.time()))
    return ModelRefused(said)


def _status_of(error: APIError) -> int:
    """The status that an error in the middle of a stream stands for; some servers give it as the code."""
    if error.code and re.fullmatch(r"[45]\d\d", error.code):
        return int(error.code)
    if {error.code, error.type} & RATE_LIMITS:
        return HTTPStatus.TOO_MANY_REQUESTS
    if error.type == "invalid_request_error":
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _says_too_long(error: APIError, status: int) -> bool:
    """Whether a server that has no code for it, only words, says that the context is too long."""
    has_code = bool(error.code) and not str(error.code).isdigit()
    return status == HTTPStatus.BAD_REQUEST and not has_code and bool(ABOUT_THE_CONTEXT.search(_text(error)))


def _text(error: APIError) -> str:
    """What the provider says, without a page of HTML."""
    body: Any = error.body
    if isinstance(body, str):
        return "" if body.lstrip().startswith("<") else body.strip()
    words = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    return next((str(words[key]) for key in ("message", "detail") if words.get(key)), "")

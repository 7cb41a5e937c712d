"""What the `anthropic` client raises, as our errors: by status, type and code."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

from anthropic import APIConnectionError, APIStatusError, APITimeoutError
from httpx2 import TransportError

from toolyard_agents.errors import (
    ContextTooLong,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
    Unauthorized,
)
from toolyard_agents.models.retry_after import retry_after

STATUSES: Mapping[str | None, int] = {
    "invalid_request_error": HTTPStatus.BAD_REQUEST,
    "authentication_error": HTTPStatus.UNAUTHORIZED,
    "billing_error": HTTPStatus.PAYMENT_REQUIRED,
    "permission_error": HTTPStatus.FORBIDDEN,
    "not_found_error": HTTPStatus.NOT_FOUND,
    "request_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "rate_limit_error": HTTPStatus.TOO_MANY_REQUESTS,
}
"""What the type of an error in the middle of a stream stands for; the others are faults of the provider."""

NO_QUOTA = frozenset(
    {"contract_spend_limit_reached", "enforced_spend_limit_reached", "linked_organization_spend_limit_reached"}
)
ABOUT_THE_CONTEXT = re.compile(
    r"prompt is too long|exceeds? (the |its )?context|context (window|limit|length) exceeded|maximum context length",
    re.IGNORECASE,
)
ASK_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT})


def error_of(error: Exception) -> ModelError:
    """The error that stands for what the client raised."""
    match error:
        case APIStatusError():
            return _of_status(error)
        case APITimeoutError():
            return ModelUnavailable("no connection, or no answer, in time")
        case APIConnectionError() | TransportError():
            cause = type(error.__cause__ or error).__name__
            return ModelUnavailable(f"the connection failed or was cut ({cause})")
        case _:
            return ModelUnavailable(f"its answer cannot be read ({type(error).__name__})")


def _of_status(error: APIStatusError) -> ModelError:
    status, when = error.status_code, f"HTTP {error.status_code}"
    wait = retry_after(error.response.headers, time.time())
    if status < HTTPStatus.BAD_REQUEST:  # the answer had begun when the error came
        status, when = _status_of(error), "in the middle of its answer"
    said = f"{when}: {_text(error) or 'it failed without a word'}"
    if status == HTTPStatus.UNAUTHORIZED:  # the provider's own words can quote the key
        return Unauthorized(f"the key was not accepted ({when}); check ANTHROPIC_API_KEY")
    if status == HTTPStatus.FORBIDDEN:
        return Unauthorized(said)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or _says_too_long(error, status):
        return ContextTooLong(said)
    if error.error_code in NO_QUOTA:
        return ModelRefused(said)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(said, retry_after=wait)
    if status in ASK_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelUnavailable(said, retry_after=wait)
    return ModelRefused(said)


def _status_of(error: APIStatusError) -> int:
    kind = error.type if isinstance(error.type, str) else None
    return STATUSES.get(kind, HTTPStatus.INTERNAL_SERVER_ERROR)


def _says_too_long(error: APIStatusError, status: int) -> bool:
    """Whether it says so: there is no code for it."""
    return status == HTTPStatus.BAD_REQUEST and bool(ABOUT_THE_CONTEXT.search(_text(error)))


def _text(error: APIStatusError) -> str:
    """What the provider says, without a page of HTML."""
    body: Any = error.body
    while isinstance(body, dict):
        words = cast("dict[str, Any]", body)
        body = next((words[key] for key in ("error", "message", "detail") if words.get(key)), "")
    text = body if isinstance(body, str) else ""
    return "" if text.lstrip().startswith("<") else text.strip()

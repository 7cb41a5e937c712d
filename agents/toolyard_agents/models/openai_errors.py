"""What the `openai` client raises, as our errors: by type, status and code."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
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

TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error"})
NO_QUOTA = frozenset({"insufficient_quota", "billing_not_active"})
RATE_LIMITS = frozenset({"rate_limit_exceeded", "rate_limit_error"})
ABOUT_THE_CONTEXT = re.compile(r"maximum context length|context (window|size|length) (is )?exceeded", re.IGNORECASE)
ASK_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT})
LONGEST_MESSAGE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Words the failures of one model at one server; `secret` stands in none of them."""

    model: str
    host: str
    secret: str
    now: Callable[[], float] = time.time

    def __repr__(self) -> str:
        return f"Failures({self.model!r} at {self.host})"

    def of(self, error: Exception) -> ModelError:
        """The error that stands for what the client raised."""
        match error:
            case ModelError():
                return type(error)(self._sentence(str(error)))
            case APIStatusError():
                return self._of_status(error, error.status_code, error.response.headers)
            case APITimeoutError():
                return ModelUnavailable(self._sentence("no connection, or no answer, in time"))
            case APIConnectionError():
                cause = type(error.__cause__ or error).__name__
                return ModelUnavailable(self._sentence(f"the connection failed or was cut ({cause})"))
            case APIError():
                return self._of_status(error, _status_of(error), {})
            case _:
                return ModelUnavailable(self._sentence(f"its answer cannot be read ({type(error).__name__})"))

    def stalled(self, seconds: float) -> ModelUnavailable:
        return ModelUnavailable(self._sentence(f"nothing came for {seconds:g} s"))

    def broke_off(self) -> ModelUnavailable:
        return ModelUnavailable(self._sentence("the answer broke off: the stream ended before it was finished"))

    def no_stream(self, content_type: str) -> ModelRefused:
        return ModelRefused(self._sentence(f"answered with {content_type}, not with events; is the base URL right?"))

    def _of_status(self, error: APIError, status: int, headers: Mapping[str, str]) -> ModelError:
        when = f"HTTP {status}" if isinstance(error, APIStatusError) else "in the middle of its answer"
        said = self._sentence(f"{when}: {_text(error) or 'it failed without a word'}")
        codes = {error.code, error.type}
        if status == HTTPStatus.UNAUTHORIZED:  # the provider's own words quote the key
            return Unauthorized(self._sentence("the key was not accepted (HTTP 401); check OPENAI_API_KEY"))
        if status == HTTPStatus.FORBIDDEN:
            return Unauthorized(said)
        if codes & TOO_LONG or _says_too_long(error, status):
            return ContextTooLong(said)
        if codes & NO_QUOTA:
            return ModelRefused(said)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(said, retry_after=retry_after(headers, self.now()))
        if status in ASK_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ModelUnavailable(said, retry_after=retry_after(headers, self.now()))
        return ModelRefused(said)

    def _sentence(self, text: str) -> str:
        shown = text.replace(self.secret, "[key]") if self.secret else text
        shown = shown if len(shown) <= LONGEST_MESSAGE else shown[:LONGEST_MESSAGE] + "…"
        return f"{self.model} at {self.host}: {shown}"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """How many seconds the headers ask to wait, where the clock says `now`; None if they do not say."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        written = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d*)?", written):
            return float(written) * unit
        if written and unit == 1.0:
            return _until(written, now)
    return None


def _until(date: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None


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

"""What went wrong when a model was asked, in words that can be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolyard_agents.errors import ModelError, ModelRefused, ModelUnavailable

LONGEST_MESSAGE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Words the failures of one model at one server; `secret` stands in none of them.

    `translate` makes an error of ours of what the provider's client raised.
    """

    model: str
    host: str
    secret: str
    translate: Callable[[Exception], ModelError]

    def __repr__(self) -> str:
        return f"Failures({self.model!r} at {self.host})"

    def of(self, error: Exception) -> ModelError:
        """The error that stands for one of ours, or of the client."""
        failure = error if isinstance(error, ModelError) else self.translate(error)
        said = self._sentence(str(failure))
        if isinstance(failure, ModelUnavailable):
            return type(failure)(said, retry_after=failure.retry_after)
        return type(failure)(said)

    def stalled(self, seconds: float) -> ModelUnavailable:
        return ModelUnavailable(self._sentence(f"nothing came for {seconds:g} s"))

    def broke_off(self) -> ModelUnavailable:
        return ModelUnavailable(self._sentence("the answer broke off: the stream ended before it was finished"))

    def no_stream(self, content_type: str) -> ModelRefused:
        return ModelRefused(self._sentence(f"answered with {content_type}, not with events; is the base URL right?"))

    def _sentence(self, text: str) -> str:
        shown = text.replace(self.secret, "[key]") if self.secret else text
        shown = shown if len(shown) <= LONGEST_MESSAGE else shown[:LONGEST_MESSAGE] + "…"
        return f"{self.model} at {self.host}: {shown}"

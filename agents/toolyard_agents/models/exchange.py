"""One question to a model's server, and its answer as a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import anyio

from toolyard_agents.errors import ModelError, ModelRefused
from toolyard_agents.models.failures import Failures
from toolyard_agents.models.model import Piece
from toolyard_agents.models.patience import Patience

if TYPE_CHECKING:
    from httpx2 import Response

LARGEST = 32_000_000
"""Characters of all events of an answer: a server that never ends must not fill the memory."""
_END = object()


class Events(Protocol):
    """What a server sends, parsed as JSON; both clients have it as their `AsyncStream`."""

    @property
    def response(self) -> Response: ...
    async def __anext__(self) -> object: ...
    async def __aenter__(self) -> object: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class Answer(Protocol):
    """An answer that is put together from events. `flowing`: the next piece should not take as long as the first."""

    @property
    def flowing(self) -> bool: ...
    @property
    def complete(self) -> bool: ...
    def take(self, data: object, /) -> Iterator[Piece]:
        """The pieces in one event."""
        ...

    def rest(self) -> Iterator[Piece]:
        """The pieces that only the whole answer has."""
        ...


class Exchange:
    """One question and its answer. After `pieces` has ended by itself, the answer is complete in `answer`."""

    def __init__(
        self,
        ask: Callable[[dict[str, Any]], Awaitable[Events]],
        answer: Answer,
        patience: Patience,
        failures: Failures,
    ) -> None:
        self._ask = ask
        self._answer = answer
        self._patience = patience
        self._failures = failures

    async def pieces(self, body: dict[str, Any]) -> AsyncGenerator[Piece]:
        """The pieces of the answer to `body`.

        Raises:
            ModelError: the server cannot be asked, refuses, stalls, or its answer broke off.
        """
        stream = await self._begin(body)
        async with stream:
            events = size = 0
            while (event := await self._next(stream)) is not _END:
                events += 1
                size += len(str(event))
                if size > LARGEST:
                    raise ModelRefused(f"the answer has more than {LARGEST} characters, and does not end")
                for piece in self._in_words(partial(self._answer.take, event)):
                    yield piece
        if not self._answer.complete:
            content_type = stream.response.headers.get("content-type", "")
            if not events and content_type and "event-stream" not in content_type:
                raise self._failures.no_stream(content_type)
            raise self._failures.broke_off()
        for piece in self._in_words(self._answer.rest):
            yield piece

    async def _begin(self, body: dict[str, Any]) -> Events:
        with anyio.move_on_after(self._patience.first):
            try:
                return await self._ask(body)
            except Exception as error:  # noqa: BLE001 - errors of its HTTP library come through the client
                failure = self._failures.of(error)
            raise failure
        raise self._failures.stalled(self._patience.first)

    async def _next(self, stream: Events) -> object:
        """The next event, or _END; what befalls an answer that is complete does not matter any more."""
        seconds = self._patience.after(begun=self._answer.flowing, complete=self._answer.complete)
        failure: ModelError = self._failures.stalled(seconds)
        with anyio.move_on_after(seconds):
            try:
                return await anext(stream)
            except StopAsyncIteration:
                return _END
            except Exception as error:  # noqa: BLE001 - errors of its HTTP library come through the client
                failure = self._failures.of(error)
        if self._answer.complete:
            return _END
        raise failure

    def _in_words(self, pieces: Callable[[], Iterator[Piece]]) -> list[Piece]:
        try:
            return list(pieces())
        except ModelError as error:
            failure = self._failures.of(error)
        raise failure  # outside of the handler: what is raised there has the provider's own words as its context

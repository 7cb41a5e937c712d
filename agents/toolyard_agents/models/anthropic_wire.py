"""Asking a server of the Messages API through the `anthropic` client."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import cache
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any

import anyio
from anthropic import AsyncAnthropic, AsyncStream, DefaultAsyncHttpxClient, Timeout
from httpx2 import create_ssl_context

from toolyard_agents.errors import ModelError
from toolyard_agents.models.anthropic_answer import AnswerAssembly
from toolyard_agents.models.anthropic_errors import Failures
from toolyard_agents.models.model import Piece
from toolyard_agents.models.patience import Patience

PATH = "/v1/messages"
_END = object()


def connect(*, base_url: str, api_key: str, patience: Patience) -> AsyncAnthropic:
    """A client without retries of its own; nothing is connected yet. One for plain `http` trusts nobody's TLS.

    Raises:
        OSError: the certificates of this machine cannot be read.
    """
    return AsyncAnthropic(
        base_url=base_url,
        api_key=api_key,
        timeout=Timeout(patience.first, connect=patience.connect),
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(
            verify=certificates() if base_url.lower().startswith("https:") else trusting_nobody()
        ),
    )


@cache
def certificates() -> SSLContext:
    """Whom to trust. To read them takes 60 ms, far more than all the rest of a client."""
    return create_ssl_context()


def trusting_nobody() -> SSLContext:
    """For a server without TLS, which must work also where there are no certificates."""
    return SSLContext(PROTOCOL_TLS_CLIENT)


class Exchange:
    """One question and its answer. After `pieces` has ended by itself, the answer is complete in `answer`."""

    def __init__(self, client: AsyncAnthropic, answer: AnswerAssembly, patience: Patience, failures: Failures) -> None:
        self._client = client
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
            events = 0
            while (event := await self._next(stream)) is not _END:
                events += 1
                for piece in self._take(event):
                    yield piece
        if not self._answer.complete:
            content_type = stream.response.headers.get("content-type", "")
            if not events and content_type and "event-stream" not in content_type:
                raise self._failures.no_stream(content_type)
            raise self._failures.broke_off()
        for piece in self._take(None):
            yield piece

    async def _begin(self, body: dict[str, Any]) -> AsyncStream[object]:
        with anyio.move_on_after(self._patience.first):
            try:  # `messages.create` warns of models that are going to end, and a warning can be an error
                return await self._client.post(
                    PATH, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
                )
            except Exception as error:  # noqa: BLE001 - errors of its HTTP library come through the client
                failure = self._failures.of(error)
            raise failure
        raise self._failures.stalled(self._patience.first)

    async def _next(self, stream: AsyncStream[object]) -> object:
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

    def _take(self, event: object) -> list[Piece]:
        """The pieces in an event; with None, those that only the whole answer has."""
        try:
            return list(self._answer.rest() if event is None else self._answer.take(event))
        except ModelError as error:
            failure = self._failures.of(error)
        raise failure

"""Asking a server of the Messages API through the `anthropic` client."""

from __future__ import annotations

from typing import Any

from anthropic import AsyncAnthropic, AsyncStream, DefaultAsyncHttpxClient, Timeout

from toolyard_agents.models.certificates import certificates_for
from toolyard_agents.models.patience import Patience

PATH = "/v1/messages"


def connect(*, base_url: str, api_key: str, patience: Patience) -> AsyncAnthropic:
    """A client without retries of its own; nothing is connected yet.

    Raises:
        OSError: the certificates of this machine cannot be read.
    """
    return AsyncAnthropic(
        base_url=base_url,
        api_key=api_key,
        timeout=Timeout(patience.first, connect=patience.connect),
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(verify=certificates_for(base_url)),
    )


async def ask(client: AsyncAnthropic, body: dict[str, Any]) -> AsyncStream[object]:
    """Send a request; the answer's events, each parsed as JSON and no further.

    Raises:
        APIError: and what the client's HTTP library raises; `anthropic_errors.error_of` knows them.
    """
    # Not `messages.create`: it warns of models that are going to end, and a warning can be an error.
    return await client.post(PATH, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object])

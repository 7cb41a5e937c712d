"""Asking a Chat Completions server through the `openai` client."""

from __future__ import annotations

from typing import Any

from openai import AsyncOpenAI, AsyncStream, DefaultAsyncHttpxClient, Timeout

from toolyard_agents.models.certificates import certificates_for
from toolyard_agents.models.patience import Patience

PATH = "/chat/completions"


def connect(*, base_url: str, api_key: str, patience: Patience) -> AsyncOpenAI:
    """A client without retries of its own; nothing is connected yet.

    Raises:
        OSError: the certificates of this machine cannot be read.
    """
    return AsyncOpenAI(
        base_url=base_url,
        api_key=api_key,
        timeout=Timeout(patience.first, connect=patience.connect),
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(verify=certificates_for(base_url)),
    )


async def ask(client: AsyncOpenAI, body: dict[str, Any]) -> AsyncStream[object]:
    """Send a request; the answer's chunks, each parsed as JSON and no further.

    Raises:
        APIError: and what the client's HTTP library raises; `openai_errors.error_of` knows them.
    """
    return await client.post(PATH, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object])

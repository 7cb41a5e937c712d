"""Models of OpenAI, and of every server that speaks Chat Completions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from toolyard_agents.models.clients import in_a_thread
from toolyard_agents.models.endpoint import Endpoint, checked_key
from toolyard_agents.models.exchange import Exchange
from toolyard_agents.models.failures import Failures
from toolyard_agents.models.model import Finished, ModelRequest, Piece
from toolyard_agents.models.openai_answer import AnswerAssembly
from toolyard_agents.models.openai_request import body_of
from toolyard_agents.models.patience import Patience
from toolyard_agents.models.per_loop import PerLoop
from toolyard_agents.models.prices import cost_of, read_prices
from toolyard_agents.usage import Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
DEFAULT_URL = "https://api.openai.com/v1"
OPENAI_HOSTS = frozenset({"api.openai.com", "eu.api.openai.com", "us.api.openai.com"})


class OpenAIModel:
    """A model that is asked through the `openai` client, always streaming, and without retries.

    A server that does not report what it used gets an estimate. It can be shared by several event loops: each has
    a client of its own, which `aclose` closes for the loop that it runs in, and which else is closed with its loop.
    """

    provider = "openai"

    def __init__(
        self, name: str, *, base_url: str | None = None, api_key: str | None = None, patience: Patience | None = None
    ) -> None:
        """What is not given is in `OPENAI_BASE_URL` and `OPENAI_API_KEY`; the key is looked for when it is first used.

        Raises:
            ConfigError: the base URL is none, or the user's file of prices cannot be used.
        """
        self.name = name
        self._endpoint = Endpoint.of(base_url, variable=URL_VARIABLE, default=DEFAULT_URL)
        self._where = f"{name} at {self._endpoint.host}"
        self._given_key = api_key
        self._patience = patience or Patience()
        self._clients: PerLoop[AsyncOpenAI] = PerLoop(self._open, _close)
        read_prices()

    def __repr__(self) -> str:
        return f"OpenAIModel({self.name!r} at {self._endpoint.host})"

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        prices = read_prices()
        client = await self._clients.get()
        from toolyard_agents.models.openai_errors import error_of  # noqa: PLC0415 - loaded by `_open` in a thread
        from toolyard_agents.models.openai_wire import ask  # noqa: PLC0415 - see above

        answer = AnswerAssembly(request)
        failures = Failures(model=self.name, host=self._endpoint.host, secret=client.api_key, translate=error_of)
        exchange = Exchange(partial(ask, client), answer, self._patience, failures)
        async with aclosing(exchange.pieces(body_of(self.name, request))) as pieces:
            async for piece in pieces:
                yield piece
        usage = answer.usage
        cost = prices.cost_of(self.name, usage, answer.tier)
        yield Finished(reason=answer.reason, usage=replace(usage, cost=cost), model=answer.model)

    def cost(self, usage: Usage) -> float | None:
        return cost_of(self.name, usage)

    async def aclose(self) -> None:
        await self._clients.aclose()

    async def _open(self) -> AsyncOpenAI:
        own = self._endpoint.host.partition(":")[0] in OPENAI_HOSTS
        key = checked_key(self._given_key, variable=KEY_VARIABLE, where=self._where, needed=own)
        return await in_a_thread(partial(_connected, self._endpoint.url, key, self._patience), self._where)


def _connected(url: str, key: str, patience: Patience) -> AsyncOpenAI:
    from toolyard_agents.models.openai_wire import connect  # noqa: PLC0415 - loads the client

    return connect(base_url=url, api_key=key, patience=patience)


async def _close(client: AsyncOpenAI) -> None:
    await client.close()

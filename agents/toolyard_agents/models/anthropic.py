"""Models of Anthropic, and of every server that speaks its Messages API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from toolyard_agents.errors import ModelRefused
from toolyard_agents.models.anthropic_answer import AnswerAssembly
from toolyard_agents.models.anthropic_names import WireNames
from toolyard_agents.models.anthropic_request import body_of
from toolyard_agents.models.anthropic_thoughts import Thoughts
from toolyard_agents.models.clients import in_a_thread
from toolyard_agents.models.endpoint import Endpoint, checked_key
from toolyard_agents.models.exchange import Exchange
from toolyard_agents.models.failures import Failures
from toolyard_agents.models.model import Finished, ModelRequest, Piece
from toolyard_agents.models.patience import Patience
from toolyard_agents.models.per_loop import PerLoop
from toolyard_agents.models.prices import Prices, cost_of, read_prices
from toolyard_agents.usage import Usage
from toolyard_kernel.errors import ConfigError

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

KEY_VARIABLE = "ANTHROPIC_API_KEY"
URL_VARIABLE = "ANTHROPIC_BASE_URL"
DEFAULT_URL = "https://api.anthropic.com"
WRITING = 0.25
"""What a token that the provider put into its cache costs on top of one that it did not."""


class AnthropicModel:
    """A model that is asked through the `anthropic` client, always streaming, and without retries.

    A server that does not report what it used gets an estimate. What a model thought before it called tools goes back
    to it, as long as this object lives. It can be shared by several event loops: each has a client of its own, which
    `aclose` closes for the loop that it runs in, and which else is closed with its loop.
    """

    provider = "anthropic"

    def __init__(
        self, name: str, *, base_url: str | None = None, api_key: str | None = None, patience: Patience | None = None
    ) -> None:
        """What is not given is in `ANTHROPIC_BASE_URL` and `ANTHROPIC_API_KEY`; the key is looked for at first use.

        Raises:
            ConfigError: the client is not installed, the base URL is none, or the user's file of prices cannot be used.
        """
        if find_spec("anthropic") is None:
            raise ConfigError(f"{name}: Anthropic's models need its client: pip install 'toolyard[anthropic]'")
        self.name = name
        self._endpoint = Endpoint.of(base_url, variable=URL_VARIABLE, default=DEFAULT_URL)
        self._where = f"{name} at {self._endpoint.host}"
        self._given_key = api_key
        self._patience = patience or Patience()
        self._thoughts = Thoughts()
        self._clients: PerLoop[AsyncAnthropic] = PerLoop(self._open, _close)
        read_prices()

    def __repr__(self) -> str:
        return f"AnthropicModel({self.name!r} at {self._endpoint.host})"

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        prices = read_prices()
        names = WireNames.of(request)
        try:
            body = body_of(self.name, request, names, self._thoughts)
        except ModelRefused as error:
            raise ModelRefused(f"{self._where}: {error}") from None
        client = await self._clients.get()
        from toolyard_agents.models.anthropic_errors import error_of  # noqa: PLC0415 - loaded by `_open` in a thread
        from toolyard_agents.models.anthropic_wire import ask  # noqa: PLC0415 - see above

        answer = AnswerAssembly(request, names)
        failures = Failures(model=self.name, host=self._endpoint.host, secret=client.api_key or "", translate=error_of)
        exchange = Exchange(partial(ask, client), answer, self._patience, failures)
        async with aclosing(exchange.pieces(body)) as pieces:
            async for piece in pieces:
                yield piece
        if answer.thought:
            self._thoughts.keep(request.messages, answer.calls, answer.content())
        usage = replace(answer.usage, cost=self._cost(answer, prices))
        yield Finished(reason=answer.reason, usage=usage, model=answer.model)

    def cost(self, usage: Usage) -> float | None:
        return cost_of(self.name, usage)

    async def aclose(self) -> None:
        await self._clients.aclose()

    def _cost(self, answer: AnswerAssembly, prices: Prices) -> float | None:
        cost = prices.cost_of(self.name, answer.usage, answer.tier)
        written = prices.cost_of(self.name, Usage(input_tokens=answer.cache_written), answer.tier)
        return None if cost is None or written is None else cost + written * WRITING

    async def _open(self) -> AsyncAnthropic:
        own = self._endpoint.host.partition(":")[0] == urlsplit(DEFAULT_URL).hostname
        key = checked_key(self._given_key, variable=KEY_VARIABLE, where=self._where, needed=own)
        url = self._endpoint.url.rstrip("/").removesuffix("/v1")
        return await in_a_thread(partial(_connected, url, key, self._patience), self._where)


def _connected(url: str, key: str, patience: Patience) -> AsyncAnthropic:
    from toolyard_agents.models.anthropic_wire import connect  # noqa: PLC0415 - loads the client

    return connect(base_url=url, api_key=key, patience=patience)


async def _close(client: AsyncAnthropic) -> None:
    await client.close()

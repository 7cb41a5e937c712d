"""Models of Anthropic, and of every server that speaks its Messages API."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio.to_thread

from toolyard_agents.errors import ModelRefused, Unauthorized
from toolyard_agents.models.anthropic_answer import AnswerAssembly
from toolyard_agents.models.anthropic_names import WireNames
from toolyard_agents.models.anthropic_request import body_of
from toolyard_agents.models.anthropic_thoughts import Thoughts
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
NO_KEY = "no-key"
"""Sent to a server that is not Anthropic's and for which there is no key."""
WRITING = 0.25
"""What a token that the provider put into its cache costs on top of one that it did not."""


class AnthropicModel:
    """A model that is asked through the `anthropic` client, always streaming, and without retries.

    A server that does not report what it used gets an estimate. What a model thought before it called tools goes back
    to it, as long as this object lives. It can be shared by several event loops: each has a client of its own, which
    `aclose` closes for the loop that it runs in, and which else is closed with its loop.
    """

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
        self._url, self._host = _checked_url(base_url)
        self._given_key = api_key
        self._patience = patience or Patience()
        self._thoughts = Thoughts()
        self._clients: PerLoop[AsyncAnthropic] = PerLoop(self._open, _close)
        read_prices()

    def __repr__(self) -> str:
        return f"AnthropicModel({self.name!r} at {self._host})"

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        prices = read_prices()
        names = WireNames.of(request)
        try:
            body = body_of(self.name, request, names, self._thoughts)
        except ModelRefused as error:
            raise ModelRefused(f"{self.name} at {self._host}: {error}") from None
        client = await self._clients.get()
        from toolyard_agents.models.anthropic_errors import Failures  # noqa: PLC0415 - loaded by `_open` in a thread
        from toolyard_agents.models.anthropic_wire import Exchange  # noqa: PLC0415 - see above

        answer = AnswerAssembly(request, names)
        failures = Failures(model=self.name, host=self._host, secret=client.api_key or "")
        exchange = Exchange(client, answer, self._patience, failures)
        async with aclosing(exchange.pieces(body)) as pieces:
            async for piece in pieces:
                yield piece
        if answer.thought:
            self._thoughts.keep(request.messages, answer.calls, answer.content())
        yield Finished(reason=answer.reason, usage=replace(answer.usage, cost=self._cost(answer, prices)))

    def cost(self, usage: Usage) -> float | None:
        return cost_of(self.name, usage)

    async def aclose(self) -> None:
        await self._clients.aclose()

    def _cost(self, answer: AnswerAssembly, prices: Prices) -> float | None:
        cost = prices.cost_of(self.name, answer.usage, answer.tier)
        written = prices.cost_of(self.name, Usage(input_tokens=answer.cache_written), answer.tier)
        return None if cost is None or written is None else cost + written * WRITING

    async def _open(self) -> AsyncAnthropic:
        key = self._key()
        connected = partial(_connected, self._url, key, self._patience)
        try:  # to load the client and the certificates can take a second, for which the loop must not stand still
            return await anyio.to_thread.run_sync(connected, abandon_on_cancel=True)
        except OSError as error:
            said = f"the certificates of this machine cannot be read ({error.strerror}); check SSL_CERT_FILE"
            raise ModelRefused(f"{self.name} at {self._host}: {said}") from error

    def _key(self) -> str:
        key = (self._given_key or os.environ.get(KEY_VARIABLE) or "").strip()
        where = f"{self.name} at {self._host}"
        if not key and self._host.partition(":")[0] == urlsplit(DEFAULT_URL).hostname:
            raise Unauthorized(f"{where}: there is no key; set {KEY_VARIABLE}, or the base URL of another server")
        if not key.isascii() or not key.isprintable():
            raise Unauthorized(f"{where}: the key holds characters that no key has; check {KEY_VARIABLE}")
        return key or NO_KEY


def _connected(url: str, key: str, patience: Patience) -> AsyncAnthropic:
    from toolyard_agents.models.anthropic_wire import connect  # noqa: PLC0415 - loads the client

    return connect(base_url=url, api_key=key, patience=patience)


async def _close(client: AsyncAnthropic) -> None:
    await client.close()


def _checked_url(given: str | None) -> tuple[str, str]:
    """The base URL without the `v1` that the client adds, and the host and port in it, which is what may be shown."""
    url = (given or os.environ.get(URL_VARIABLE) or DEFAULT_URL).strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname if parts.scheme in {"http", "https"} else None, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        named, shown = "base_url" if given else URL_VARIABLE, url.rpartition("@")[2]
        raise ConfigError(f"{named}: {shown!r} is no URL of a server; expected one like {DEFAULT_URL}")
    host = f"[{host}]" if ":" in host else host
    return url.rstrip("/").removesuffix("/v1"), host if port is None else f"{host}:{port}"

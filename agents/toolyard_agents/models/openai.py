"""Models of OpenAI, and of every server that speaks Chat Completions."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio.to_thread

from toolyard_agents.errors import ModelRefused, Unauthorized
from toolyard_agents.models.model import Finished, ModelRequest, Piece
from toolyard_agents.models.openai_answer import AnswerAssembly
from toolyard_agents.models.openai_request import body_of
from toolyard_agents.models.patience import Patience
from toolyard_agents.models.per_loop import PerLoop
from toolyard_agents.models.prices import cost_of, read_prices
from toolyard_agents.usage import Usage
from toolyard_kernel.errors import ConfigError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
DEFAULT_URL = "https://api.openai.com/v1"
OPENAI_HOSTS = frozenset({"api.openai.com", "eu.api.openai.com", "us.api.openai.com"})
NO_KEY = "no-key"
"""Sent to a server that is not OpenAI's and for which there is no key."""


class OpenAIModel:
    """A model that is asked through the `openai` client, always streaming, and without retries.

    A server that does not report what it used gets an estimate. It can be shared by several event loops: each has
    a client of its own, which `aclose` closes for the loop that it runs in, and which else is closed with its loop.
    """

    def __init__(
        self, name: str, *, base_url: str | None = None, api_key: str | None = None, patience: Patience | None = None
    ) -> None:
        """What is not given is in `OPENAI_BASE_URL` and `OPENAI_API_KEY`; the key is looked for when it is first used.

        Raises:
            ConfigError: the base URL is none, or the user's file of prices cannot be used.
        """
        self.name = name
        self._url, self._host = _checked_url(base_url)
        self._given_key = api_key
        self._patience = patience or Patience()
        self._clients: PerLoop[AsyncOpenAI] = PerLoop(self._open, _close)
        read_prices()

    def __repr__(self) -> str:
        return f"OpenAIModel({self.name!r} at {self._host})"

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        prices = read_prices()
        client = await self._clients.get()
        from toolyard_agents.models.openai_errors import Failures  # noqa: PLC0415 - loaded by `_open` in a thread
        from toolyard_agents.models.openai_wire import Exchange  # noqa: PLC0415 - see above

        answer = AnswerAssembly(request)
        failures = Failures(model=self.name, host=self._host, secret=client.api_key)
        exchange = Exchange(client, answer, self._patience, failures)
        async with aclosing(exchange.pieces(body_of(self.name, request))) as pieces:
            async for piece in pieces:
                yield piece
        usage = answer.usage
        cost = prices.cost_of(self.name, usage, answer.tier)
        yield Finished(reason=answer.reason, usage=replace(usage, cost=cost))

    def cost(self, usage: Usage) -> float | None:
        return cost_of(self.name, usage)

    async def aclose(self) -> None:
        await self._clients.aclose()

    async def _open(self) -> AsyncOpenAI:
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
        if not key and self._host.partition(":")[0] in OPENAI_HOSTS:
            raise Unauthorized(f"{where}: there is no key; set {KEY_VARIABLE}, or the base URL of another server")
        if not key.isascii() or not key.isprintable():
            raise Unauthorized(f"{where}: the key holds characters that no key has; check {KEY_VARIABLE}")
        return key or NO_KEY


def _connected(url: str, key: str, patience: Patience) -> AsyncOpenAI:
    from toolyard_agents.models.openai_wire import connect  # noqa: PLC0415 - loads the client

    return connect(base_url=url, api_key=key, patience=patience)


async def _close(client: AsyncOpenAI) -> None:
    await client.close()


def _checked_url(given: str | None) -> tuple[str, str]:
    """The base URL, and the host and port in it, which is what may be shown."""
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
    return url, host if port is None else f"{host}:{port}"

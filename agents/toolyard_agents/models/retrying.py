"""Asking a model again when that may help."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import anyio

from toolyard_agents.errors import ModelUnavailable
from toolyard_agents.models.asking import asked
from toolyard_agents.models.model import Model, ModelRequest, Piece
from toolyard_agents.models.provider import provider_of
from toolyard_agents.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How often to ask, and how long to wait between; times are in seconds.

    The wait doubles from `first` up to `longest`, less a random part of up to one half, so that many askers spread
    out. A provider that says how long to wait is waited for, unless that is more than `patience`.
    """

    attempts: int = 4
    first: float = 0.5
    longest: float = 20.0
    patience: float = 60.0

    def wait(self, failures: int, error: ModelUnavailable, chance: float) -> float | None:
        """How long to wait after so many failures, with a chance from 0 to 1; None says to give up."""
        if failures >= self.attempts or (error.retry_after or 0.0) > self.patience:
            return None
        backoff = min(self.longest, self.first * 2.0 ** (failures - 1)) * (1 - chance / 2)
        return backoff if error.retry_after is None else max(error.retry_after, 0.0) + chance * self.first


class RetryingModel:
    """Asks `model` again after a `ModelUnavailable`, as long as no piece of the answer has been handed on.

    An answer that broke off later is raised: only who has the pieces can tell whether to ask again.
    """

    def __init__(
        self,
        model: Model,
        *,
        backoff: Backoff | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._model = model
        self._backoff = backoff or Backoff()
        self._sleep = sleep
        self._chance = chance

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def provider(self) -> str:
        return provider_of(self._model)

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        failures, begun = 0, False
        while True:
            try:
                async with asked(self._model, request) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
                return
            except ModelUnavailable as error:
                failures += 1
                wait = None if begun else self._backoff.wait(failures, error, self._chance())
                if wait is None:
                    raise
            await self._sleep(wait)

    def cost(self, usage: Usage) -> float | None:
        return self._model.cost(usage)

    async def aclose(self) -> None:
        await self._model.aclose()

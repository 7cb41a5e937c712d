"""Toolkits while they are open, each kept by a task of its own: one that fails takes nothing else down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio

from toolyard_kernel.errors import ConfigError
from toolyard_kernel.tools.toolkits import Toolkit

OPENING = 30.0
"""Seconds a toolkit has to open."""
CLOSING = 2.0
"""Seconds a toolkit has to close."""
GRACE = 0.5
"""Seconds it then has to heed its cancellation."""

log = logging.getLogger("toolyard")

Gone = Callable[[Toolkit], None]


class OpenToolkits:
    """Opens toolkits for the first door that holds them, and closes them after the last.

    `gone` is told of a toolkit that fails: when it is opened, by taking too long, or later while it is open.
    """

    def __init__(self, toolkits: Sequence[Toolkit], gone: Gone, *, opening: float = OPENING) -> None:
        self._toolkits = toolkits
        self._gone = gone
        self._opening = opening
        self.holders = 0
        self._keepers: tuple[_Keeper, ...] = ()

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[None]:
        """Meanwhile the toolkits are open, but for those that failed.

        Raises:
            ConfigError: a toolkit found out, as it was opened, that its settings cannot be used; none stays open.
        """
        self.holders += 1
        if self.holders == 1:
            earlier = [keeper.task for keeper in self._keepers]  # whoever left last may still be closing them
            self._keepers = tuple(_Keeper(toolkit, self._gone, self._opening, earlier) for toolkit in self._toolkits)
        try:
            for keeper in self._keepers:
                await keeper.opened()
            if refusal := next((keeper.refusal for keeper in self._keepers if keeper.refusal), None):
                raise refusal
            yield
        finally:
            self.holders -= 1
            if not self.holders:
                with anyio.CancelScope(shield=True):
                    await _closed(self._keepers)


class _Keeper:
    """The task that opens one toolkit, waits, and closes it."""

    def __init__(self, toolkit: Toolkit, gone: Gone, opening: float, earlier: list[asyncio.Task[None]]) -> None:
        self._toolkit = toolkit
        self._gone = gone
        self._opening = opening
        self._opened = asyncio.Event()
        self._over = asyncio.Event()
        self.refusal: ConfigError | None = None
        self.task = asyncio.create_task(self._keep(earlier), name=f"toolyard-toolkit-{toolkit.name}")

    async def opened(self) -> None:
        """Return once the toolkit is open, or has failed."""
        try:
            async with asyncio.timeout(self._opening + CLOSING + GRACE):
                await self._opened.wait()
        except TimeoutError:
            self._fail("was cancelled while it opened, and goes on")

    def close(self) -> None:
        self._over.set()

    async def _keep(self, earlier: list[asyncio.Task[None]]) -> None:
        if closing := [task for task in earlier if not task.done()]:
            await asyncio.wait(closing, timeout=CLOSING)
        try:
            await self._within_deadlines()
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            self._fail("cancelled itself")
        except ConfigError as error:
            self._refuse(error)
        except BaseException as error:  # noqa: BLE001 - asyncio would end the whole server with a SystemExit
            self._fail(f"failed with {type(error).__name__}", error)
        finally:
            self._opened.set()

    async def _within_deadlines(self) -> None:
        async with asyncio.timeout(self._opening) as deadline, self._toolkit.lifespan():
            deadline.reschedule(None)
            self._opened.set()
            await self._over.wait()
            deadline.reschedule(asyncio.get_running_loop().time() + CLOSING)

    def _refuse(self, error: ConfigError) -> None:
        if self._opened.is_set():
            self._fail("failed with ConfigError", error)
        else:
            self.refusal = ConfigError(f"toolkit {self._toolkit.name!r}: {error}")

    def _fail(self, how: str, error: BaseException | None = None) -> None:
        if self._over.is_set():
            log.error("toolkit %r %s while it closed", self._toolkit.name, how, exc_info=error)
            return
        log.error("toolkit %r %s: its tools are gone until the next start", self._toolkit.name, how, exc_info=error)
        self._gone(self._toolkit)


async def _closed(keepers: Sequence[_Keeper]) -> None:
    for keeper in keepers:
        keeper.close()
    if keepers:
        _, late = await asyncio.wait({keeper.task for keeper in keepers}, timeout=CLOSING + GRACE)
        for task in late:  # it was still being opened, or does not heed its deadline
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=GRACE)
        for task in late:
            if not task.done():
                log.error("%s was cancelled while it closed, and goes on", task.get_name())

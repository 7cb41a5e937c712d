"""Reading a config again while its runtime serves."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from toolyard.config.runtime import LoadedConfig, load_config, runtime_of
from toolyard.config.tokens import callers_by_token
from toolyard.python_tools import source_of
from toolyard.runtime import ToolRuntime
from toolyard_kernel.callers import Caller
from toolyard_kernel.errors import ConfigError, ToolyardError

LOOK = 1.0
"""Seconds between two looks at the files, with `--reload`."""

log = logging.getLogger("toolyard")

Stamp = tuple[int, int] | None


class LiveConfig:
    """A config, and the runtime it describes, which keeps up with it.

    Tools, toolkits, profiles and tokens follow the config; `http`, `name`, `instructions` and `allowed_hosts` need a
    restart. A config that cannot be used is reported, and what was in force stays so.
    """

    def __init__(self, loaded: LoadedConfig, *, with_tokens: bool) -> None:
        self.loaded = loaded
        self._with_tokens = with_tokens  # a door that asks for none does not need their variables to be set
        self.runtime: ToolRuntime = runtime_of(loaded)
        self._tokens = self._callers(loaded, self.runtime)
        self._seen = self._stamps()  # now, so that a change before the first look is seen too

    def tokens(self) -> Mapping[str, Caller]:
        """Token → its caller, as the config has them now."""
        return self._tokens

    @asynccontextmanager
    async def kept_up(self, *, watch: bool) -> AsyncGenerator[None]:
        """Meanwhile SIGHUP reloads, and so does a change of the files when `watch` says so."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, asked.set)
        async with AsyncExitStack() as opened:
            keeper = asyncio.create_task(self._keep_up(asked, opened, watch=watch), name="toolyard-reload")
            try:
                yield
            finally:
                loop.remove_signal_handler(signal.SIGHUP)
                keeper.cancel()
                await asyncio.wait({keeper})

    async def _keep_up(self, asked: asyncio.Event, opened: AsyncExitStack, *, watch: bool) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK if watch else None):
                    await asked.wait()
            except TimeoutError:
                if self._stamps() == self._seen:
                    continue
            asked.clear()
            self._seen = self._stamps()
            await self.reload(opened)

    async def reload(self, opened: AsyncExitStack) -> None:
        """Read the config again; its toolkits are open, and stay so until `opened` is left, before anything changes."""
        try:
            loaded = load_config(self.loaded.path)
            fresh = runtime_of(loaded, again=True)
            tokens = self._callers(loaded, fresh)
            if self._tokens and not tokens:
                raise ConfigError(
                    f"{loaded.path}: auth.tokens: a server that asks for tokens cannot stop while it runs"
                )
        except ToolyardError as error:
            log.error("the config was not reloaded, and the one before stays in force: %s", error)  # noqa: TRY400 - the message says it all
            return
        await opened.enter_async_context(fresh.lifespan())
        self.runtime.adopt(fresh)
        self.loaded, self._tokens = loaded, tokens
        log.warning("the config was reloaded: %s", loaded.path)

    def _callers(self, loaded: LoadedConfig, runtime: ToolRuntime) -> dict[str, Caller]:
        return callers_by_token(loaded, runtime) if self._with_tokens else {}

    def _stamps(self) -> dict[Path, Stamp]:
        """What tells a changed file: the config, the profile files and the modules it names."""
        config, base = self.loaded.config, self.loaded.path.parent
        choices = [config.profile, *(token.profile for token in config.auth.tokens)]
        profiles = [base / choice for choice in choices if isinstance(choice, str)]
        modules = filter(None, map(source_of, config.python))
        return {path: _stamp(path) for path in (self.loaded.path, *profiles, *modules)}


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size

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
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import ConfigError, ToolyardError
from toolyard_kernel.profiles.choice import profile_path
from toolyard_kernel.references.memory import MemoryReferences
from toolyard_kernel.references.store import ReferenceStore

LOOK = 1.0
"""Seconds between two looks at the files, with `--reload`."""
PATIENCE = 120.0
"""Seconds that calls under way may go on using toolkits that a reload replaced."""
NEEDS_RESTART = ("name", "instructions", "http", "ledger", "extend")

log = logging.getLogger("toolyard")

Stamp = tuple[int, int] | None


class LiveConfig:
    """A config, and the runtime it describes, which keeps up with it.

    Tools, toolkits, resources, prompts, profiles and tokens follow the config; the keys in `NEEDS_RESTART` do not, and
    neither does `allowed_hosts`. A config that cannot be used is reported, and what was in force stays so.
    """

    def __init__(self, loaded: LoadedConfig, *, with_tokens: bool, references: ReferenceStore | None = None) -> None:
        """`references` keep results that are too long; by default this process does, whatever is reloaded."""
        self.loaded = self._started = loaded
        self._opened = AsyncExitStack()
        self._closing: list[asyncio.Task[None]] = []
        self._with_tokens = with_tokens  # a door that asks for none does not need their variables to be set
        self._references = references or MemoryReferences()
        self.runtime: ToolRuntime = runtime_of(loaded, references=self._references)
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
        keeper = asyncio.create_task(self._keep_up(asked, watch=watch), name="toolyard-reload")
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            for task in (keeper, *self._closing):
                task.cancel()
            await asyncio.wait({keeper, *self._closing})
            await self._opened.aclose()

    async def _keep_up(self, asked: asyncio.Event, *, watch: bool) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK if watch else None):
                    await asked.wait()
            except TimeoutError:
                if self._stamps() == self._seen:
                    continue
            asked.clear()
            before = self._stamps()
            try:
                await self.reload()
            except Exception:  # the next change, or signal, must still be heard
                log.exception("the config was not reloaded, and the one before stays in force")
            self._seen = {path: before.get(path, stamp) for path, stamp in self._stamps().items()}

    async def reload(self) -> None:
        """Read the config again. Its toolkits are open before anything changes, and those it replaces close after."""
        try:
            loaded = load_config(self.loaded.path)
            fresh = runtime_of(loaded, again=True, references=self._references)
            tokens = self._callers(loaded, fresh)
            if self._tokens and not tokens:
                raise ConfigError(f"{loaded.path}: auth.tokens: a server that asks for tokens goes on asking")
            opened = AsyncExitStack()
            await opened.enter_async_context(fresh.lifespan())
        except ToolyardError as error:
            log.error("the config was not reloaded, and the one before stays in force: %s", error)  # noqa: TRY400 - the message says it all
            return
        old, self._opened = self._opened, opened
        self.runtime.adopt(fresh)
        then, now = (each.config.model_dump(include=set(NEEDS_RESTART)) for each in (self._started, loaded))
        ignored = [key for key in NEEDS_RESTART if then[key] != now[key]]
        self.loaded, self._tokens = loaded, tokens
        later = f"; {', '.join(ignored)} changed and need a restart" if ignored else ""
        log.warning("the config was reloaded: %s%s", loaded.path, later)
        self._closing = [task for task in self._closing if not task.done()]
        self._closing.append(asyncio.create_task(self._close(old), name="toolyard-reload-close"))

    async def _close(self, old: AsyncExitStack) -> None:
        try:
            await self._calls_under_way()
        finally:
            await old.aclose()

    async def _calls_under_way(self) -> None:
        """Wait for the calls that may still use what is about to close, but not for ever."""
        running = self.runtime.tool_gate.running
        earlier, looks = set(running), 0
        while earlier & set(running) and looks < PATIENCE / LOOK:
            looks += 1
            await asyncio.sleep(LOOK)

    def _callers(self, loaded: LoadedConfig, runtime: ToolRuntime) -> dict[str, Caller]:
        return callers_by_token(loaded, runtime) if self._with_tokens else {}

    def _stamps(self) -> dict[Path, Stamp]:
        """What tells a changed file: the config, and the profiles, modules and prompts it names."""
        config, base = self.loaded.config, self.loaded.path.parent
        choices = [config.profile, *(token.profile for token in config.auth.tokens)]
        profiles = [profile_path(choice, base) for choice in choices if isinstance(choice, str)]
        modules = [source_of(name.partition(":")[0]) for name in (*config.python, config.extend or "")]
        prompts = sorted(config.prompts.glob("*.md")) if config.prompts else []
        named = (self.loaded.path, *profiles, *modules, *prompts)
        return {path: _stamp(path) for path in named if path is not None}


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size

"""The toolkit `shell`."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from anyio import to_thread
from pydantic import Field

from toolyard_kernel.backends import Backend, load_backend
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import ToolResult
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import Tool
from toolyard_toolkits.roots import Root, RootSettings
from toolyard_toolkits.shell.answer import OUTPUT_SCHEMA
from toolyard_toolkits.shell.bash import Bash
from toolyard_toolkits.shell.settings import ShellSettings, variables_of

log = logging.getLogger("toolyard")

Script = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0)]


class ShellToolkit:
    """A shell in one folder. Nothing of a command is left when its call has ended."""

    Settings: ClassVar[type[ShellSettings]] = ShellSettings
    name = "shell"

    def __init__(self, settings: ShellSettings, /, *, fence: bool = True, backend: Backend | None = None) -> None:
        """`backend` takes the place of the one that the settings name.

        Without `fence`, confined commands are not looked at before they run: it shows that the sandbox holds alone.

        Raises:
            ConfigError: there is no such backend, or it cannot run here, or the root is no folder that can be read.
        """
        named = backend or (load_backend(settings.backend) if settings.backend else None)
        if named and named.missing:
            raise ConfigError(f"backend {named.name!r} cannot run here: {named.missing}")
        self._confined = named or load_backend("sandbox")
        self._unconfined = named or load_backend("local")
        Root.of(RootSettings.model_construct(root=settings.root), self._unconfined)
        self._bash = Bash(
            folder=settings.root,
            confined=self._confined,
            unconfined=self._unconfined,
            variables=variables_of(settings),
            more_commands=frozenset(settings.commands),
            fence=fence,
        )

    def tools(self) -> Sequence[Tool]:
        return (replace(_bash(self._bash), unavailable=self._unavailable),)

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return self._lifespan()

    @asynccontextmanager
    async def _lifespan(self) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for backend in {id(each): each for each in (self._confined, self._unconfined)}.values():
                await stack.enter_async_context(backend.lifespan())
            if reason := await to_thread.run_sync(self._why_not_confined):
                log.warning("there is no `bash` under profiles with shell: restricted: %s", reason)
            yield

    def _unavailable(self, profile: PermissionProfile) -> str | None:
        return self._unconfined.missing if profile.shell == "unrestricted" else self._why_not_confined()

    def _why_not_confined(self) -> str | None:
        if not self._confined.confines:
            return f"the backend {self._confined.name!r} cannot confine a command; name `sandbox` or none in the config"
        return self._confined.missing


def _bash(running: Bash) -> Tool:
    @tool(effects=["shell"], wire=False)
    async def bash(ctx: ToolContext, *, command: Script, timeout: Seconds | None = None) -> ToolResult:
        """Run a bash command in the root folder, and see what it writes and its exit code.

        Choose this for what no other tool does: pipelines, counting, `git log`, builds and tests; to read, search or
        edit files, their own tools are better. Each call is a new shell in the root folder: folders and variables of an
        earlier one are forgotten, and whatever still runs in the background is ended with the command. There is no
        stdin and no terminal. stdout and stderr come in the order they were written; when there is too much, the middle
        is left out, and the answer says how to see it. A non-zero exit code is answered as an error. Where the profile
        confines the shell, plain reading commands are all there is (`cat`, `find`, `git log`, `grep`, `sed -n`, `sort`,
        `wc` and more, in pipelines and `for` loops), the root folder is `/workspace`, and there is no network.

        Args:
            command: What to run, as one would type it into bash; several lines are fine.
            timeout: Seconds after which the command is stopped, with all that it started; by default, and at the most,
                what the profile allows.
        """
        return await running.run(command, timeout, ctx)

    def preview(arguments: dict[str, Any], ctx: ToolContext) -> str:
        command: str = arguments["command"]
        running.check(command, ctx.caller.profile)
        return command

    return replace(bash, preview=preview, output_schema=OUTPUT_SCHEMA)

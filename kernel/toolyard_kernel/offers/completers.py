"""What a server offers besides tools: resources and prompts, whose handlers run under the caller's limits too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolyard_kernel.calls import running
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.running import Mode, mode_of
from toolyard_kernel.calls.workers import Workers
from toolyard_kernel.errors import DefinitionError, ToolError
from toolyard_kernel.tools.tool import Handler

Completer = Sequence[str] | Callable[[str, Mapping[str, str]], Sequence[str] | Awaitable[Sequence[str]]]
"""The values an argument can have, or a function, sync or async, of what was typed so far and the other arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A handler with what running it needs; `name` is how messages call it."""

    name: str
    handler: Handler
    mode: Mode
    workers: Workers

    @classmethod
    def of(cls, name: str, handler: Handler, workers: Workers) -> Offer:
        return cls(name=name, handler=handler, mode=mode_of(handler), workers=workers)

    async def run(self, arguments: Any, ctx: ToolContext) -> Any:
        """What the handler returns, within the time the caller's profile gives.

        Raises:
            DeadlineExceeded: it did not end in time.
            asyncio.CancelledError: the caller is gone.
            Exception: what the handler raised.
        """
        return await running.run(self, arguments, ctx, ctx.caller.profile.limits.timeout)


async def completions(
    completer: Completer, value: str, arguments: Mapping[str, str], ctx: ToolContext, workers: Workers
) -> list[str]:
    """The values that `value` can become.

    Raises:
        ToolError: the completer returned something else than text.
        Exception: as `Offer.run` does.
    """
    if not callable(completer):
        return [known for known in completer if known.lower().startswith(value.lower())]
    ask = completer

    def handler(typed: str, ctx: ToolContext) -> Any:
        return ask(typed, arguments)

    found = await Offer.of(f"the completion of {ctx.tool}", handler, workers).run(value, ctx)
    if isinstance(found, str) or not all(isinstance(item, str) for item in found):
        raise ToolError(f"the completion of {ctx.tool} is no list of texts")
    return list(cast("Sequence[str]", found))


def checked_completers(complete: Mapping[str, Completer] | None, names: Sequence[str], of: str) -> dict[str, Completer]:
    """The completers, if each is for one of `names`.

    Raises:
        DefinitionError: one is not, or is neither a list nor a function.
    """
    given: Mapping[str, object] = complete or {}
    for name, completer in given.items():
        if name not in names:
            raise DefinitionError(f"{of}: complete names {name!r}; expected one of {', '.join(names) or 'none'}")
        if isinstance(completer, str) or not (callable(completer) or isinstance(completer, Sequence)):
            raise DefinitionError(f"{of}: complete[{name!r}] is {completer!r}; expected a list of texts or a function")
    return dict(complete or {})

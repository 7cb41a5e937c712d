"""`completion/complete`: what an argument of a prompt, or a variable of a resource template, can become."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import mcp_types as types

from toolyard.mcp.callers import Counter
from toolyard.mcp.failures import failure_of
from toolyard.mcp.rounds import Context, context_of, state_of
from toolyard_kernel.calls.workers import Workers
from toolyard_kernel.errors import UnknownName
from toolyard_kernel.offers.completers import Completer, completions
from toolyard_kernel.offers.uri_templates import UriTemplate

MOST = 100
"""Values in one answer, as MCP has it."""


@dataclass(frozen=True, slots=True)
class _Completed:
    """Something with arguments to complete."""

    what: str
    arguments: Collection[str]
    complete: Mapping[str, Completer]
    workers: Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionHandlers:
    """What answers `completion/complete`."""

    counter: Counter

    async def complete(self, ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        others = (params.context.arguments if params.context else None) or {}
        try:
            values = await self._values(ctx, params, others)
        except Exception as error:
            raise failure_of(error, f"the completion of {params.argument.name!r}") from error
        shown = types.Completion(values=values[:MOST], total=len(values), has_more=len(values) > MOST)
        return types.CompleteResult(completion=shown)

    async def _values(self, ctx: Context, params: types.CompleteRequestParams, others: Mapping[str, str]) -> list[str]:
        completed, argument = self._completed(params.ref), params.argument
        if argument.name not in completed.arguments:
            known = ", ".join(completed.arguments) or "none"
            raise UnknownName(f"{completed.what} has no argument {argument.name!r}; it has: {known}")
        completer = completed.complete.get(argument.name)
        if completer is None:
            return []
        context = context_of(self.counter, ctx, f"{completed.what}, {argument.name}", state_of(None))
        return await completions(completer, argument.value, others, context, completed.workers)

    def _completed(self, ref: types.ResourceTemplateReference | types.PromptReference) -> _Completed:
        runtime = self.counter.runtime
        if isinstance(ref, types.PromptReference):
            if prompt := runtime.prompts.find(ref.name):
                names = [argument.name for argument in prompt.arguments]
                return _Completed(f"prompt {ref.name!r}", names, prompt.complete, runtime.prompts.workers)
            raise UnknownName(f"no prompt is named {ref.name!r}")
        if template := runtime.resources.template(ref.uri):
            names = list(UriTemplate.parse(ref.uri).names)
            return _Completed(f"resource {ref.uri}", names, template.complete, runtime.resources.workers)
        raise UnknownName(f"no resource template is written {ref.uri!r}")

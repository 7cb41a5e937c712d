"""Requests about prompts."""

from __future__ import annotations

from dataclasses import dataclass

import mcp_types as types

from toolyard.mcp.answers import block_of
from toolyard.mcp.callers import Counter
from toolyard.mcp.failures import failure_of
from toolyard.mcp.paging import page_of
from toolyard.mcp.rounds import Context, another_round, context_of, state_of
from toolyard_kernel.content import InputRequired, Text
from toolyard_kernel.offers.prompts import Message, Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptHandlers:
    """What answers requests about prompts."""

    counter: Counter

    async def list(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        page, cursor = page_of(self.counter.runtime.prompts.listed(), lambda known: known.name, params)
        return types.ListPromptsResult(prompts=[_described(known) for known in page], next_cursor=cursor)

    async def get(
        self, ctx: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult | types.InputRequiredResult:
        name, state, prompts = params.name, state_of(params.request_state), self.counter.runtime.prompts
        try:
            found = await prompts.render(name, params.arguments or {}, context_of(self.counter, ctx, name, state))
        except Exception as error:
            raise failure_of(error, f"the prompt {name!r}") from error
        if isinstance(found, InputRequired):
            return another_round(ctx, found, state.call_id)
        known = prompts.find(name)
        return types.GetPromptResult(
            description=known.description or None if known else None, messages=[_message(message) for message in found]
        )


def _described(prompt: Prompt) -> types.Prompt:
    arguments = [
        types.PromptArgument(name=one.name, description=one.description or None, required=one.required)
        for one in prompt.arguments
    ]
    return types.Prompt(name=prompt.name, description=prompt.description or None, arguments=arguments)


def _message(message: Message) -> types.PromptMessage:
    content = Text(message.content) if isinstance(message.content, str) else message.content
    return types.PromptMessage(role=message.role, content=block_of(content))

"""Requests about resources: lists, reading, and the handshake era's subscriptions."""

from __future__ import annotations

from dataclasses import dataclass

import mcp_types as types
from mcp.shared.exceptions import MCPError

from toolyard.mcp.announcer import announcer_of
from toolyard.mcp.answers import resource_block
from toolyard.mcp.callers import Counter
from toolyard.mcp.failures import failure_of
from toolyard.mcp.paging import page_of
from toolyard.mcp.rounds import Context, another_round, context_of, state_of
from toolyard_kernel.content import InputRequired


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceHandlers:
    """What answers requests about resources."""

    counter: Counter

    async def list(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        page, cursor = page_of(self.counter.runtime.resources.listed(), lambda known: known.uri, params)
        described = [
            types.Resource(
                uri=known.uri, name=known.name, description=known.description or None, mime_type=known.mime_type
            )
            for known in page
        ]
        return types.ListResourcesResult(resources=described, next_cursor=cursor)

    async def list_templates(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        page, cursor = page_of(self.counter.runtime.resources.templates(), lambda known: known.uri_template, params)
        described = [
            types.ResourceTemplate(
                uri_template=known.uri_template,
                name=known.name,
                description=known.description or None,
                mime_type=known.mime_type,
            )
            for known in page
        ]
        return types.ListResourceTemplatesResult(resource_templates=described, next_cursor=cursor)

    async def read(
        self, ctx: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult | types.InputRequiredResult:
        uri, state = params.uri, state_of(params.request_state)
        try:
            found = await self.counter.runtime.resources.read(uri, context_of(self.counter, ctx, uri, state))
        except Exception as error:
            raise failure_of(error, f"the resource {uri}", {"uri": uri}) from error
        if isinstance(found, InputRequired):
            return another_round(ctx, found, state.call_id)
        return types.ReadResourceResult(contents=[resource_block(content) for content in found])

    async def subscribe(self, ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        if params.uri not in self.counter.runtime.resources:
            raise MCPError(types.INVALID_PARAMS, f"no resource is at {params.uri!r}", {"uri": params.uri})
        announcer_of(ctx).subscribe(ctx, params.uri)
        return types.EmptyResult()

    async def unsubscribe(self, ctx: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        announcer_of(ctx).unsubscribe(ctx, params.uri)
        return types.EmptyResult()

"""References as resources, so that a client reads on."""

from __future__ import annotations

import json

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.offers.resources import Resource, ResourceTemplate, resource
from toolyard_kernel.references.overflow import URI
from toolyard_kernel.references.pages import page_of
from toolyard_kernel.references.store import ReferenceStore


def reference_resources(store: ReferenceStore) -> tuple[Resource | ResourceTemplate, ...]:
    """The templates under which a caller's references are read, a page at a time."""

    async def page(ctx: ToolContext, id: str, offset: int) -> str:
        found = page_of(await store.text(ctx.caller, id), offset, ctx.caller.profile.limits.output_bytes)
        more = {"next": f"{URI}{id}/{found['next_offset']}"} if "next_offset" in found else {}
        return json.dumps({**found, **more}, ensure_ascii=False)

    @resource(f"{URI}{{id}}", name="reference", mime_type="application/json")
    async def first(ctx: ToolContext, *, id: str) -> str:
        """A value that was too long to be answered with: its first page, and where the next one is."""
        return await page(ctx, id, 0)

    @resource(f"{URI}{{id}}/{{offset}}", name="reference-page", mime_type="application/json")
    async def later(ctx: ToolContext, *, id: str, offset: int) -> str:
        """The page that begins at a character."""
        return await page(ctx, id, max(offset, 0))

    return first, later

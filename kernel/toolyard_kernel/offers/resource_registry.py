"""The resources of one runtime, by URI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.workers import Workers
from toolyard_kernel.changes import Changes, ListChanged, ResourceUpdated
from toolyard_kernel.content import EmbeddedResource, InputRequired
from toolyard_kernel.errors import DefinitionError, UnknownName
from toolyard_kernel.offers.completers import Offer
from toolyard_kernel.offers.resource_contents import contents_of
from toolyard_kernel.offers.resources import Resource, ResourceTemplate
from toolyard_kernel.offers.uri_templates import UriTemplate

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registered:
    resource: Resource | ResourceTemplate
    template: UriTemplate
    offer: Offer

    def parse(self, variables: dict[str, str]) -> Any:
        return self.resource.parse(variables) if isinstance(self.resource, ResourceTemplate) else variables


class Resources:
    """Resources and templates of them, in the order of their URIs."""

    def __init__(self, changes: Changes | None = None) -> None:
        self.workers = Workers()
        self._changes = changes or Changes()
        self._known: dict[str, _Registered] = {}
        self._templates: list[_Registered] = []
        self._names: dict[str, str] = {}

    def register(self, resource: Resource | ResourceTemplate) -> None:
        """Add a resource or a template.

        Raises:
            DefinitionError: its URI or its name is taken, or the URI is none.
        """
        uri = _uri(resource)
        if not URI.fullmatch(uri):
            raise DefinitionError(f"resource {uri!r} is no URI; expected one such as notes://today")
        if uri in self._known or resource.name in self._names:
            raise DefinitionError(
                f"resource {resource.name!r} at {uri}: another one has the same URI or the same name"
                f" ({self._names.get(resource.name, uri)}); change one"
            )
        offer = Offer.of(f"the resource {uri}", resource.handler, self.workers)
        self._known[uri] = _Registered(resource=resource, template=UriTemplate.parse(uri), offer=offer)
        self._names[resource.name] = uri
        self._sort_templates()
        self._changes.tell(ListChanged("resources"))

    def remove(self, uri: str) -> None:
        """Take a resource out, or a template by its text; nothing happens when it is not there."""
        if known := self._known.pop(uri, None):
            del self._names[known.resource.name]
            self._sort_templates()
            self._changes.tell(ListChanged("resources"))

    def adopt(self, other: Resources) -> None:
        """Hold exactly what `other` holds, in one step."""
        self._known, self._names, self.workers = dict(other._known), dict(other._names), other.workers
        self._sort_templates()
        self._changes.tell(ListChanged("resources"))

    def updated(self, uri: str) -> None:
        """Tell whoever subscribed to `uri` that it reads differently now."""
        self._changes.tell(ResourceUpdated(uri))

    def listed(self) -> list[Resource]:
        return [known for known in self._sorted() if isinstance(known, Resource)]

    def templates(self) -> list[ResourceTemplate]:
        return [known for known in self._sorted() if isinstance(known, ResourceTemplate)]

    def template(self, text: str) -> ResourceTemplate | None:
        """The template that is written `text`."""
        known = self._known.get(text)
        return known.resource if known and isinstance(known.resource, ResourceTemplate) else None

    def __contains__(self, uri: str) -> bool:
        return self._find(uri) is not None

    async def read(self, uri: str, ctx: ToolContext) -> tuple[EmbeddedResource, ...] | InputRequired:
        """What is at `uri`, or what its handler needs from the client first, within the caller's limits.

        Raises:
            UnknownName: there is no such resource.
            InvalidArguments: a variable in the URI is not of the type its parameter has.
            DeadlineExceeded, ToolError: the handler did not end in time, or returned what is no content.
            Exception: what the handler raised.
        """
        found = self._find(uri)
        if found is None:
            raise UnknownName(f"no resource is at {uri!r}")
        known, variables = found
        value = await known.offer.run(known.parse(variables), ctx)
        if isinstance(value, InputRequired):
            return value
        return contents_of(value, uri, known.resource.mime_type, ctx.caller.profile.limits.output_bytes)

    def _find(self, uri: str) -> tuple[_Registered, dict[str, str]] | None:
        """A resource of exactly this URI, else the first template it fits."""
        known = self._known.get(uri)
        if known and isinstance(known.resource, Resource):
            return known, {}
        for known in self._templates:
            if (found := known.template.match(uri)) is not None:
                return known, found
        return None

    def _sort_templates(self) -> None:
        templates = (known for known in self._known.values() if known.template.names)
        self._templates = sorted(templates, key=lambda known: known.template.text)

    def _sorted(self) -> Iterator[Resource | ResourceTemplate]:
        return (self._known[uri].resource for uri in sorted(self._known))


def _uri(resource: Resource | ResourceTemplate) -> str:
    return resource.uri if isinstance(resource, Resource) else resource.uri_template

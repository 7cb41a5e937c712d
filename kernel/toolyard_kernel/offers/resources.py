"""Resources: what a client can read by its URI, made from functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import DefinitionError
from toolyard_kernel.offers.completers import Completer, checked_completers
from toolyard_kernel.offers.uri_templates import UriTemplate
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource, as data. Make it with `@resource`.

    `handler({}, ctx)`, sync or async, returns text, bytes, or a sequence of `EmbeddedResource`.
    """

    uri: str
    name: str
    handler: Handler = field(repr=False)
    description: str = ""
    mime_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceTemplate:
    """Resources whose URIs have one shape. Make it with `@resource`.

    `handler(variables, ctx)` is as a `Resource`'s, with what `parse` made of the variables' texts; it raises
    `UnknownName` for a resource that is not there. `complete` says which values a variable can have.
    """

    uri_template: str
    name: str
    handler: Handler = field(repr=False)
    parse: Callable[[JsonObject], Any] = field(default=dict, repr=False)
    description: str = ""
    mime_type: str | None = None
    complete: Mapping[str, Completer] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def resource(
    uri: str,
    *,
    name: str | None = None,
    description: str | None = None,
    mime_type: str | None = None,
    complete: Mapping[str, Completer] | None = None,
) -> Callable[[Callable[..., Any]], Resource | ResourceTemplate]:
    """Make a resource of a function without parameters, or a template of one whose parameters are `uri`'s variables.

    `{name}` in `uri` stands for one segment and `{+name}` for a path of several; both arrive percent-decoded, and a
    value that could lead out of a folder is refused. A parameter of type `ToolContext` is filled in. The function,
    sync or async, returns text, bytes, or a sequence of `EmbeddedResource`; it raises `UnknownName` when there is no
    such resource. `complete` maps a variable to its values, or to a function of the text typed so far and the other
    variables.

    Raises:
        DefinitionError: the URI is none, or the parameters are not its variables.
    """

    def make(function: Callable[..., Any]) -> Resource | ResourceTemplate:
        made = tool(name=name)(function)
        template = UriTemplate.parse(uri)
        parameters = tuple(made.input_schema.get("properties", {}))
        if set(parameters) != set(template.names):
            raise DefinitionError(
                f"resource {uri!r}: the function takes {_listed(parameters)}, its URI has {_listed(template.names)}"
            )
        about = made.description if description is None else inspect.cleandoc(description)
        completers = checked_completers(complete, template.names, f"resource {uri!r}")
        if not template.names:
            return Resource(uri=uri, name=made.name, handler=made.handler, description=about, mime_type=mime_type)
        return ResourceTemplate(
            uri_template=uri,
            name=made.name,
            handler=made.handler,
            parse=made.parse,
            description=about,
            mime_type=mime_type,
            complete=MappingProxyType(completers),
        )

    return make


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "no parameters"

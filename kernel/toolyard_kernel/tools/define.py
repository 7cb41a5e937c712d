"""Tools from a schema and a handler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast, overload

from pydantic import BaseModel, ConfigDict, Field, Secret, SecretBytes, SecretStr, ValidationError, create_model
from pydantic_core import to_jsonable_python

from toolyard_kernel.content import JsonObject
from toolyard_kernel.effects import Effect
from toolyard_kernel.errors import DefinitionError, InvalidArguments
from toolyard_kernel.tools.model_schemas import model_schema, sentence_of
from toolyard_kernel.tools.schemas import write_only_fields
from toolyard_kernel.tools.tool import CUSTOM, Approval, Handler, Tool, ToolHandler, field_names

SchemaSource = type[BaseModel] | Mapping[str, Any]
"""A pydantic model, a JSON Schema with `"type": "object"`, or a mapping of field name to Python type."""


@overload
def define_tool(
    *,
    name: str,
    description: str,
    input_schema: SchemaSource,
    handler: Handler,
    output_schema: SchemaSource | None = None,
    approval: Approval = "auto",
    timeout: float | None = None,
    effects: Iterable[Effect] = CUSTOM,
    inline: bool = False,
    secret: str | Iterable[str] = (),
    retries: int = 0,
    idempotent: bool = False,
    wire: bool = True,
) -> Tool: ...
@overload
def define_tool(
    *,
    name: str,
    description: str,
    input_schema: SchemaSource,
    output_schema: SchemaSource | None = None,
    approval: Approval = "auto",
    timeout: float | None = None,
    effects: Iterable[Effect] = CUSTOM,
    inline: bool = False,
    secret: str | Iterable[str] = (),
    retries: int = 0,
    idempotent: bool = False,
    wire: bool = True,
) -> Callable[[Handler], Tool]: ...
def define_tool(  # noqa: PLR0913 - keywords with defaults, one for each thing a tool can say
    *,
    name: str,
    description: str,
    input_schema: SchemaSource,
    handler: Handler | None = None,
    output_schema: SchemaSource | None = None,
    approval: Approval = "auto",
    timeout: float | None = None,
    effects: Iterable[Effect] = CUSTOM,
    inline: bool = False,
    secret: str | Iterable[str] = (),
    retries: int = 0,
    idempotent: bool = False,
    wire: bool = True,
) -> Tool | Callable[[Handler], Tool]:
    """Make a tool of `handler(arguments, ctx)`, given here or decorated.

    `arguments` is a dict of JSON values; a pydantic model as `input_schema` also fills in its defaults. `wire=False`
    says that the handler never looks at `ctx.wire` or `ctx.door`: its calls cost less.

    Raises:
        DefinitionError: a schema is none of the three kinds.
    """

    def make(handler: Handler) -> Tool:
        document, parse = _source(input_schema, of=name)
        return Tool(
            name=name,
            description=description,
            input_schema=document,
            output_schema=_source(output_schema, of=name)[0] if output_schema is not None else None,
            handler=handler,
            parse=parse,
            effects=frozenset(effects),
            approval=approval,
            timeout=timeout,
            inline=inline,
            secret=field_names(secret),
            retries=retries,
            idempotent=idempotent,
            wire=wire,
        )

    return make(handler) if handler else make


def tool_from_handler(thing: ToolHandler) -> Tool:
    """The tool that an object with `name`, `description`, `parameters` and `handle` stands for."""
    return Tool(name=thing.name, description=thing.description, input_schema=thing.parameters, handler=thing.handle)


def _source(source: SchemaSource | object, *, of: str) -> tuple[JsonObject, Callable[[JsonObject], JsonObject]]:
    if isinstance(source, type) and issubclass(source, BaseModel):
        document = model_schema(source)
        return document, _parser(source, masks=bool(write_only_fields(document)))
    if isinstance(source, Mapping) and (isinstance(source.get("type"), str) or "$ref" in source):  # pyright: ignore[reportUnknownMemberType]
        return dict(cast("JsonObject", source)), dict
    try:
        # pydantic refuses some field names (`schema`, `_x`): its fields get names of their own.
        types = cast("Mapping[str, Any]", source).items()
        fields: dict[str, Any] = {f"p{n}": (kind, Field(alias=name)) for n, (name, kind) in enumerate(types)}
        return model_schema(create_model(of, __config__=ConfigDict(extra="forbid"), **fields)), dict
    except (TypeError, ValueError, LookupError, AttributeError, RuntimeError) as error:
        raise DefinitionError(
            f"tool {of!r}: the schema {source!r} is neither a JSON Schema with a type, "
            f"nor a pydantic model, nor a mapping of field name to type"
        ) from error


def _parser(model: type[BaseModel], *, masks: bool) -> Callable[[JsonObject], JsonObject]:
    def parse(arguments: JsonObject) -> JsonObject:
        try:
            parsed = model.model_validate(arguments)
        except ValidationError as error:
            raise InvalidArguments(sentence_of(error)) from error
        if masks:  # as JSON, pydantic writes asterisks for a secret, and the handler needs the secret
            return cast("JsonObject", to_jsonable_python(_revealed(parsed.model_dump(by_alias=True))))
        return parsed.model_dump(mode="json", by_alias=True)

    return parse


def _revealed(value: Any) -> Any:
    if isinstance(value, SecretStr | SecretBytes | Secret):
        return cast("Secret[Any]", value).get_secret_value()
    if isinstance(value, dict):
        return {name: _revealed(field) for name, field in cast("JsonObject", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_revealed(item) for item in cast("Iterable[Any]", value)]
    return value

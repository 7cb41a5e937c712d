"""Tools from Python functions: the signature and the docstring become the schema."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Annotated, Any, cast, overload

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PydanticSchemaGenerationError,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import Content, InputRequired, JsonObject, ToolResult
from toolyard_kernel.effects import Effect
from toolyard_kernel.errors import DefinitionError, InvalidArguments
from toolyard_kernel.tools.docstrings import parse_docstring
from toolyard_kernel.tools.model_schemas import model_schema, sentence_of
from toolyard_kernel.tools.tool import CUSTOM, Approval, Handler, Tool, field_names

Function = Callable[..., Any]
ANSWERS = (*typing.get_args(Content), InputRequired, ToolResult)
"""Types that say how a call is answered; none of them is a structured value."""


@overload
def tool(function: Function, /) -> Tool: ...
@overload
def tool(
    *,
    name: str | None = None,
    approval: Approval = "auto",
    timeout: float | None = None,
    effects: Iterable[Effect] = CUSTOM,
    inline: bool = False,
    secret: str | Iterable[str] = (),
    retries: int = 0,
    idempotent: bool = False,
    wire: bool = True,
) -> Callable[[Function], Tool]: ...
def tool(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    approval: Approval = "auto",
    timeout: float | None = None,
    effects: Iterable[Effect] = CUSTOM,
    inline: bool = False,
    secret: str | Iterable[str] = (),
    retries: int = 0,
    idempotent: bool = False,
    wire: bool = True,
) -> Tool | Callable[[Function], Tool]:
    """Make a tool of a function, sync or async.

    The input schema comes from the parameters' types and defaults, the descriptions from the docstring; a parameter
    of type `ToolContext` is filled in and not advertised. `timeout` is in seconds; `secret` names parameters whose
    values are never recorded; `inline` runs a sync function that never blocks on the event loop itself. A call that
    fails with `ToolError(…, retryable=True)` is made again up to `retries` times; a tool that may change something has
    to be `idempotent` for that. `wire=False` says of a function that takes a `ToolContext` that it never looks at
    `ctx.wire` or `ctx.door`: its calls cost less.

    Raises:
        DefinitionError: a parameter's type has no JSON Schema, or the function cannot be called with named arguments.
    """

    def make(function: Function) -> Tool:
        if not inspect.isroutine(function):
            raise DefinitionError(f"{function!r} is no function; write one that calls it, or use define_tool")
        documentation = parse_docstring(inspect.getdoc(function))
        signature = _Signature.of(function, documentation.parameters)
        return Tool(
            name=name or function.__name__,
            description=documentation.summary,
            input_schema=model_schema(signature.model),
            output_schema=_output_schema(signature.returns),
            handler=signature.handler(),
            parse=signature.parse,
            effects=frozenset(effects),
            approval=approval,
            timeout=timeout,
            inline=inline,
            secret=field_names(secret),
            retries=retries,
            idempotent=idempotent,
            wire=wire and signature.context is not None,
        )

    return make(function) if function else make


@dataclass(frozen=True, slots=True)
class _Signature:
    """A function's parameters as one pydantic model; `fields` maps the model's field names to the parameters'."""

    function: Function
    model: type[BaseModel]
    fields: Mapping[str, str]
    context: str | None
    returns: Any

    @classmethod
    def of(cls, function: Function, described: Mapping[str, str]) -> _Signature:
        types = _types_of(function)
        context: str | None = None
        fields: dict[str, str] = {}
        definitions: dict[str, Any] = {}
        for number, parameter in enumerate(inspect.signature(function).parameters.values()):
            annotation = types.get(parameter.name, Any)
            if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                raise DefinitionError(
                    f"{function.__qualname__}: parameter {parameter} cannot be a tool's; use named parameters only"
                )
            if ToolContext in (annotation, *typing.get_args(annotation)):  # `ToolContext | None` too
                context = parameter.name
                continue
            # pydantic refuses some parameter names (`schema`, `_x`): its fields get names of their own.
            fields[f"p{number}"] = parameter.name
            definitions[f"p{number}"] = _field(parameter, annotation, described.get(parameter.name))
        return cls(function, _model(function, definitions), fields, context, types.get("return"))

    def parse(self, arguments: JsonObject) -> dict[str, Any]:
        try:
            # As `model_validate` does, at half its cost.
            parsed = self.model.__pydantic_validator__.validate_python(arguments)
        except ValidationError as error:
            raise InvalidArguments(sentence_of(error)) from error
        values = parsed.__dict__
        return {parameter: values[field] for field, parameter in self.fields.items()}

    def handler(self) -> Handler:
        function, context = self.function, self.context

        def given(arguments: dict[str, Any], ctx: ToolContext) -> dict[str, Any]:
            return {**arguments, context: ctx} if context else arguments

        async def run_async(arguments: dict[str, Any], ctx: ToolContext) -> Any:
            return await function(**given(arguments, ctx))

        def run_sync(arguments: dict[str, Any], ctx: ToolContext) -> Any:
            return function(**given(arguments, ctx))

        return run_async if inspect.iscoroutinefunction(function) else run_sync


def _types_of(function: Function) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        raise DefinitionError(
            f"{function.__qualname__}: {error}; types of a tool's parameters must be defined at module level"
        ) from error


def _field(parameter: inspect.Parameter, annotation: Any, description: str | None) -> Any:
    default = PydanticUndefined if parameter.default is parameter.empty else parameter.default
    declared = FieldInfo.from_annotated_attribute(annotation, default)
    name = declared.alias or parameter.name
    more = Field(alias=name, description=declared.description or description)
    return Annotated[annotation, more], ... if default is PydanticUndefined else default


def _model(function: Function, definitions: dict[str, Any]) -> type[BaseModel]:
    try:
        return create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **definitions)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise DefinitionError(f"{function.__qualname__}: {str(error).partition(chr(10))[0]}") from error


def _output_schema(returns: Any) -> JsonObject | None:
    """The schema of what the function returns, when it always returns an object of known shape."""
    kind = cast("type[object]", returns) if isinstance(returns, type) else None
    if kind and issubclass(kind, ANSWERS):
        return None
    shaped = kind and (issubclass(kind, BaseModel) or is_dataclass(kind) or typing.is_typeddict(kind))
    if not shaped and typing.get_origin(returns) is not dict:
        return None
    try:
        schema = TypeAdapter(returns).json_schema(mode="serialization")
    except (PydanticSchemaGenerationError, PydanticUserError):
        return None
    return schema if schema.get("type") == "object" else None

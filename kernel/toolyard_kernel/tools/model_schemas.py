"""pydantic models as JSON Schema, and their errors as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticUserError

from toolyard_kernel.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolyard_kernel.content import JsonObject


def model_schema(model: type[BaseModel]) -> JsonObject:
    """The JSON Schema of what `model` accepts, without the titles pydantic makes up."""
    try:
        return cast("JsonObject", _without_titles(_rooted(model.model_json_schema(by_alias=True))))
    except PydanticUserError as error:
        raise DefinitionError(f"{model.__name__}: {str(error).partition(chr(10))[0]}") from error


def _rooted(schema: JsonObject) -> JsonObject:
    """The schema of a model that contains itself is only a reference: put what it refers to at the root."""
    reference = schema.pop("$ref", None)
    return {**schema["$defs"][reference.removeprefix("#/$defs/")], **schema} if reference else schema


def _without_titles(node: Any, *, names: bool = False) -> Any:
    """Drop `title` keywords; below `properties` and `$defs` (`names`) a key is a name and stays, as values do."""
    if isinstance(node, list):
        return [_without_titles(item) for item in cast("Sequence[Any]", node)]
    if not isinstance(node, dict):
        return node
    fields = cast("JsonObject", node)
    return {
        key: value
        if not names and key in ("default", "const", "enum", "examples")
        else _without_titles(value, names=not names and key in ("properties", "$defs", "patternProperties"))
        for key, value in fields.items()
        if names or key != "title" or not isinstance(value, str)
    }


def sentence_of(error: ValidationError) -> str:
    """Every problem of a pydantic error as `field: what is wrong`, without the offending values."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'value'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    )

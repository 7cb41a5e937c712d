"""A kind of reference: the schema of its payloads, and the small view of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import jsonschema_rs
from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from toolyard_agents.errors import SpecError
from toolyard_agents.spec.naming import checked_name
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.model_schemas import sentence_of

Glimpse = Callable[[Any], Any]
"""From a payload, as its schema makes it, to the small view that a model reads: JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSpec:
    """`schema` is a JSON Schema. A `model`, where there is one, reads payloads, and the glimpse is given what it makes.

    `ttl` is how many seconds a reference lasts; None keeps it.
    """

    name: str
    schema: JsonObject = field(hash=False)
    glimpse: Glimpse | None = None
    ttl: float | None = None
    description: str = ""
    model: type[BaseModel] | None = None

    def parsed(self, payload: Any) -> Any:
        """The payload as the glimpse is given it.

        Raises:
            ValueError: it does not fit the schema; the text says where.
        """
        if self.model is not None:
            try:
                return self.model.model_validate(payload)
            except ValidationError as error:
                raise ValueError(f"reference {self.name!r}: {sentence_of(error)}") from error
        plain = to_jsonable_python(payload)
        for problem in jsonschema_rs.Draft202012Validator(self.schema, offline=True).iter_errors(plain):
            where = ".".join(map(str, problem.instance_path))
            raise ValueError(f"reference {self.name!r}: {where + ': ' if where else ''}{str(problem).splitlines()[0]}")
        return plain


def define_reference(
    name: str,
    *,
    schema: type[BaseModel] | Mapping[str, Any],
    glimpse: Glimpse | None = None,
    ttl: float | None = None,
    description: str = "",
) -> ReferenceSpec:
    """A kind of reference. `schema` is a pydantic model or a JSON Schema.

    Raises:
        SpecError: the name, the schema or the time to live is none.
    """
    if ttl is not None and not ttl > 0:
        raise SpecError(f"reference {name!r}: ttl={ttl!r}; expected seconds above 0, or None to keep it")
    document, model = _schema(schema, name)
    return ReferenceSpec(
        name=checked_name(name, "reference"),
        schema=document,
        glimpse=glimpse,
        ttl=ttl,
        description=description,
        model=model,
    )


def _schema(schema: object, name: str) -> tuple[JsonObject, type[BaseModel] | None]:
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return schema.model_json_schema(), schema
    if not isinstance(schema, Mapping):
        raise SpecError(f"reference {name!r}: schema={schema!r}; expected a pydantic model or a JSON Schema")
    document = dict(cast("Mapping[str, Any]", schema))
    try:
        jsonschema_rs.Draft202012Validator(document, offline=True)
    except ValueError as error:
        raise SpecError(f"reference {name!r}: the schema is no JSON Schema: {str(error).splitlines()[0]}") from error
    return document, None

"""Reading a YAML file into a pydantic model, with errors that name the file and the key."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import yaml
from pydantic import BaseModel, ValidationError

from toolyard_kernel.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key written twice, where YAML would keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as inherited
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]  # pyright: ignore[reportUnknownMemberType]
        known: set[Any] = set()
        for key in (key for key in keys if isinstance(key, Hashable)):  # YAML itself refuses others
            if key in known:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
            known.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping.

    Raises:
        ConfigError: the file cannot be read, is no YAML, or holds no mapping.
    """
    return yaml_mapping(read_text(path), path)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: it cannot be read, or is no text.
    """
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: no text in UTF-8: {error}") from error
    except (OSError, ValueError) as error:  # a path can hold what no file system takes
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def yaml_mapping(text: str, path: Path) -> dict[str, Any]:
    """The mapping that `text` of the file at `path` writes; no text is an empty mapping.

    Raises:
        ConfigError: it is no YAML, or no mapping.
    """
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - _Loader is a SafeLoader
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        # PyYAML reads what looks like a number or a date without checking that it is one.
        raise ConfigError(f"{path}: not valid YAML: {_where(error)}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected keys and values, found a {type(document).__name__}")
    return cast("dict[str, Any]", document)


def validated(model: type[Model], data: Any, *, where: str, base: Path) -> Model:
    """`data` as `model`; relative paths in it are below `base`.

    Raises:
        ConfigError: naming `where`, the key, and what was expected.
    """
    try:
        return model.model_validate(data, context={"base": base})
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise ConfigError("\n".join(f"{where}: {_sentence(model, dict(problem))}" for problem in problems)) from error


def _where(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return str(error)


def _sentence(model: type[BaseModel], problem: dict[str, Any]) -> str:
    path = [str(part) for part in problem["loc"] if part not in ("str", "PermissionProfile")]
    key = ".".join(path) or "the whole"
    if problem["type"] == "extra_forbidden":
        import difflib  # noqa: PLC0415 - for those who mistype a key

        known = _known_keys(model, path[:-1])
        close = difflib.get_close_matches(path[-1], known, 1)
        return f"{key}: unknown key" + (f"; did you mean {close[0]!r}?" if close else f"; expected {', '.join(known)}")
    given = problem["input"]
    shown = f" (it is {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{key}: {problem['msg'].removeprefix('Value error, ')}{shown}"


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """The keys a model knows at `path`, followed as far as its fields are models themselves."""
    for part in path:
        annotation: Any = model.model_fields[part].annotation if part in model.model_fields else model
        inner = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
        model = next((kind for kind in inner if issubclass(kind, BaseModel)), model)
    return sorted(model.model_fields)

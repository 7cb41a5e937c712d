"""A document as YAML, which JSON is too. Aliases are neither written nor read: a few can stand for gigabytes."""

from __future__ import annotations

from typing import Any

import yaml

from toolyard_agents.errors import SpecError

LARGEST = 4_000_000
"""Characters of a document."""


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):  # pyright: ignore[reportUnknownMemberType]
            raise yaml.YAMLError("an alias (*name) is not read; write its value out")
        return super().compose_node(parent, index)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def read_document(text: str) -> Any:
    """The values that a text writes.

    Raises:
        SpecError: it is neither JSON nor YAML, or too large.
    """
    if len(text) > LARGEST:
        raise SpecError(f"the document has {len(text)} characters, and at most {LARGEST} are read")
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        # PyYAML reads what looks like a number or a date without checking that it is one.
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise SpecError(f"the document is neither JSON nor YAML: {said}") from error


def write_document(document: Any) -> str:
    """The values as YAML."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)

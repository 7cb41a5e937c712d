"""What a docstring says about a function and its parameters: Google, NumPy and Sphinx style."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import docstring_parser


@dataclass(frozen=True, slots=True)
class Documentation:
    summary: str
    parameters: dict[str, str]


def parse_docstring(docstring: str | None) -> Documentation:
    """Split a docstring into the text before its sections and one description per parameter."""
    text = docstring or ""
    try:
        parsed = docstring_parser.parse(text)
    except (docstring_parser.ParseError, LookupError, ValueError):  # such as a line of two colons
        return Documentation(summary=inspect.cleandoc(text), parameters={})
    summary = "\n\n".join(part for part in (parsed.short_description, parsed.long_description) if part)
    return Documentation(
        summary=summary.strip(),
        parameters={p.arg_name: p.description for p in parsed.params if p.description},
    )

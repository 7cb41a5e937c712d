"""Arguments as a person reads them who decides about them."""

from __future__ import annotations

import json

from toolyard_kernel.content import JsonObject


def shown(arguments: JsonObject, indent: int | None = None) -> str:
    """The arguments as JSON, without characters that would hide or reorder others, or steer a terminal."""
    return shown_text(json.dumps(arguments, ensure_ascii=False, indent=indent))


def shown_text(text: str) -> str:
    """The text, with whatever would hide or reorder others, or steer a terminal, written out."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else json.dumps(letter)[1:-1] for letter in text)

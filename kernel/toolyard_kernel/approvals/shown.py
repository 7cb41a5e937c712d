"""Arguments as a person reads them who decides about them."""

from __future__ import annotations

import json

from toolyard_kernel.content import JsonObject

LONGEST = 8_000
"""Characters of arguments that a person is shown; of longer ones the beginning and the end, and how much is missing."""


def shown(arguments: JsonObject, indent: int | None = None) -> str:
    """The arguments as JSON, without characters that would hide or reorder others, or steer a terminal."""
    text = json.dumps(arguments, ensure_ascii=False, indent=indent)
    if len(text) > LONGEST:
        half, left_out = LONGEST // 2, len(text) - LONGEST
        text = f"{text[:half]}\n[… {left_out} of {len(text)} characters are NOT shown here …]\n{text[-half:]}"
    return shown_text(text)


def shown_text(text: str) -> str:
    """The text, with whatever would hide or reorder others, or steer a terminal, written out."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else json.dumps(letter)[1:-1] for letter in text)

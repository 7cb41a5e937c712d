"""What clients say of themselves, and beside their requests, in words that every reader takes the same way."""

from __future__ import annotations

from typing import Any, cast

from toolyard_kernel.content import JsonObject

LARGEST = 2**53
"""An integer beyond it is not the same to every reader of JSON."""
DEEPEST = 4
"""Levels of a value that is looked at."""

CAPABILITIES = frozenset({"elicitation", "sampling", "roots", "experimental", "extensions", "tasks"})
ABOUT = frozenset({"name", "version", "title", "description", "websiteUrl"})
TEXTS = {str}
ICON = frozenset({"src", "mimeType", "theme"})
THEMES = frozenset({"light", "dark"})

RESERVED = "io.modelcontextprotocol/"
LEVEL_KEY = "io.modelcontextprotocol/logLevel"
LEVELS = frozenset({"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"})
TRACE = frozenset({"traceparent", "tracestate", "baggage"})


def is_plain_capabilities(declared: Any) -> bool:
    """Whether a client declares what it can do so that nobody refuses it."""
    if type(declared) is not dict:
        return False
    if not declared:
        return True
    told = cast("JsonObject", declared)
    return told.keys() <= CAPABILITIES and all(_is_plain_capability(name, said) for name, said in told.items())


def is_plain_client(about: Any) -> bool:
    """Whether a client says who it is in texts, and in icons as the protocol has them."""
    if type(about) is not dict:
        return False
    told = cast("JsonObject", about)
    texts = told
    if "icons" in told:
        texts = {name: said for name, said in told.items() if name != "icons"}
        if not _are_icons(told["icons"]):
            return False
    return texts.keys() <= ABOUT and "name" in texts and "version" in texts and set(map(type, texts.values())) == TEXTS


def is_plain_meta(meta: JsonObject, known: frozenset[str]) -> bool:
    """Whether what stands in `_meta` besides what is `known` concerns nobody who answers."""
    return meta.keys() <= known or all(_is_aside(key, meta[key]) for key in meta.keys() - known)


def _is_aside(key: str, said: Any) -> bool:
    if key == LEVEL_KEY:
        return type(said) is str and said in LEVELS
    if key in TRACE:
        return type(said) is str
    return "/" in key and not key.startswith(RESERVED) and _is_plain(said)


def _is_plain_capability(name: str, said: Any) -> bool:
    if type(said) is not dict:
        return False
    details = cast("JsonObject", said)
    match name:
        case "roots":
            return all(type(value) is bool for value in details.values())
        case "tasks":
            return all(_is_plain_capability(name, value) for value in details.values())
        case _:
            return all(type(value) is dict and _is_plain(value) for value in details.values())


def _are_icons(said: Any) -> bool:
    return _is_a(list, said) and all(map(_is_icon, said))


def _is_icon(said: Any) -> bool:
    if not _is_a(dict, said):
        return False
    texts: JsonObject = {**said}
    sizes = texts.pop("sizes", [])
    if not _is_a(list, sizes) or not all(_is_a(str, each) for each in (*texts.values(), *sizes)):
        return False
    return "src" in texts and texts.keys() <= ICON and texts.get("theme", "dark") in THEMES


def _is_plain(value: Any, levels: int = DEEPEST) -> bool:
    if value is None or _is_a(str, value) or _is_a(bool, value):
        return True
    if _is_a(int, value):
        return bool(-LARGEST < value < LARGEST)
    if not levels or not (_is_a(list, value) or _is_a(dict, value)):
        return False
    return all(_is_plain(each, levels - 1) for each in (value.values() if _is_a(dict, value) else value))


def _is_a(kind: type, value: Any) -> bool:
    return type(value) is kind

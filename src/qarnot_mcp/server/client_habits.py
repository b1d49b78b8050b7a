"""What clients and models do to arguments, as rows of data with where it was seen, and the value that is meant."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from qarnot_mcp.text.cleaning import one_line


class Extra(NamedTuple):
    """A name that a client adds to calls by itself; it is dropped where no parameter has it."""

    name: str
    seen: str


EXTRAS = (
    Extra("sessionId", "n8n, n8n-io/n8n#21500"),
    Extra("action", "n8n, n8n-io/n8n#21500"),
    Extra("chatInput", "n8n, n8n-io/n8n#21500"),
    Extra("toolCallId", "n8n, n8n-io/n8n#21500"),
    Extra("random_string", "Cursor, for tools without parameters"),
)
EXTRA_NAMES = frozenset(extra.name for extra in EXTRAS)
# Models write these for a parameter that they leave out (claude-code#95239).
NO_VALUES = frozenset({"", "null", "none", "undefined"})
# A search of a log for one of those words is meant as it is.
LITERAL = frozenset({"search"})
MAX_ENTRIES = 1000
"""As many as any parameter takes; a longer list is refused as it came."""
MAX_DEPTH = 4
"""Deeper than any parameter: a list of objects that hold lists."""


def is_left_out(name: str, given: object) -> bool:
    """Return whether a value of an optional parameter stands for none."""
    if isinstance(given, str):
        return not given.strip() or (name not in LITERAL and given.strip().lower() in NO_VALUES)
    return given is None or given == []


def as_meant(given: Any, schema: Mapping[str, Any]) -> Any:
    """Return the value that is meant by one given for a parameter with this JSON schema.

    Lists and maps come as JSON in a text (claude-code#18260), a list of one as its only entry, a map as `NAME=value`
    (azure-mcp#726), and texts as whole numbers (lmstudio-bug-tracker#1626). What fits stays as it is.
    """
    types = _types_of(schema)
    if "array" in types:
        held = _held(given, list | dict)
        # A map of names to values is one of constants, which the parameter itself reads.
        is_lone = not isinstance(held, list) and not (isinstance(held, dict) and takes_pairs(schema))
        entries = [held] if is_lone else held
        if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
            return entries
        return [_entry(entry, _items_of(schema)) for entry in entries]
    if "object" in types:
        return _held(given, dict)
    if types == ["string"] and isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)
    return given


def warnings_for(given: object, place: str, depth: int = 0) -> list[str]:
    """Return a sentence for each fraction below a parameter: one written as 22.10 has come as 22.1."""
    if isinstance(given, list | dict) and (len(given) > MAX_ENTRIES or depth == MAX_DEPTH):
        return []
    if isinstance(given, list):
        return [text for entry in given for text in warnings_for(entry, place, depth + 1)]
    if isinstance(given, dict):
        key = given.get("key")
        name = one_line(key, 60) if isinstance(key, str) else place
        return [text for part in given.values() for text in warnings_for(part, name, depth + 1)]
    if isinstance(given, float) and not given.is_integer():
        return [f"{place} came as the number {given}: a zero at its end is lost on the way. Give it as a text."]
    return []


def _entry(entry: Any, schema: Mapping[str, Any]) -> Any:
    if "object" not in _types_of(schema):
        return as_meant(entry, schema)
    held = _held(entry, dict)
    if isinstance(held, str) and "key" in schema.get("properties", {}) and "=" in held:
        key, _, value = held.partition("=")
        return {"key": key.strip(), "value": value}
    return held


def _held(given: Any, kind: Any) -> Any:
    """Return what a text holds as JSON if it is of that kind, else the value itself."""
    if not isinstance(given, str) or given.lstrip()[:1] not in ("[", "{"):
        return given
    try:
        held = json.loads(given)
    except (ValueError, RecursionError):
        return given
    return held if isinstance(held, kind) else given


def takes_pairs(schema: Mapping[str, Any]) -> bool:
    """Return whether a parameter takes pairs of a key and a value, as constants are."""
    return "key" in _items_of(schema).get("properties", {})


def _items_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    kinds = [schema, *schema.get("anyOf", [])]
    return next((kind["items"] for kind in kinds if "items" in kind), {})


def _types_of(schema: Mapping[str, Any]) -> list[str]:
    kinds = [schema, *schema.get("anyOf", [])]
    return [kind["type"] for kind in kinds if "type" in kind and kind["type"] != "null"]

"""What clients and models do to arguments, as rows of data with where it was seen, and the value that is meant."""

import json
from collections.abc import Callable, Mapping
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
_TEXT = {"type": "string"}
_LIST_OF_PAIRS = {"type": "array", "items": {"type": "object", "properties": {"key": _TEXT, "value": _TEXT}}}
MAX_DEPTH = 4
"""Deeper than any parameter: a list of objects that hold lists."""


def is_left_out(name: str, given: object) -> bool:
    """Return whether a value of an optional parameter stands for none."""
    if isinstance(given, str):
        return not given.strip() or (name not in LITERAL and given.strip().lower() in NO_VALUES)
    return given is None or given == []


def is_a_word_too(given: object) -> bool:
    """Return whether a value that stands for none could be a tag or a name as well."""
    return isinstance(given, str) and given.strip().lower() == "none"


def as_meant(given: Any, schema: Mapping[str, Any]) -> Any:
    """Return the value that is meant by one given for a parameter with this JSON schema; what fits stays as it is."""
    if _is_map_of_pairs(schema):
        schema = _LIST_OF_PAIRS
    for habit in HABITS:
        given = habit.meant(given, schema)
    if "array" in types_of(schema) and isinstance(given, list) and len(given) <= MAX_ENTRIES:
        return [as_meant(entry, _items_of(schema)) for entry in given]
    properties = schema.get("properties", {})
    if isinstance(given, dict) and given.keys() & properties.keys():
        return {
            name: value if value is None else as_meant(value, properties.get(name, {})) for name, value in given.items()
        }
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


def _json_in_a_text(given: Any, schema: Mapping[str, Any]) -> Any:
    types = types_of(schema)
    kinds = list | dict if "array" in types else dict
    if not {"array", "object"} & {*types} or not isinstance(given, str) or given.lstrip()[:1] not in ("[", "{"):
        return given
    try:
        held = json.loads(given)
    except (ValueError, RecursionError):
        return given
    return held if isinstance(held, kinds) else given


def _lone_entry(given: Any, schema: Mapping[str, Any]) -> Any:
    # A map of names to values is one of constants, which the parameter itself reads.
    is_map_of_pairs = isinstance(given, dict) and takes_pairs(schema)
    return given if "array" not in types_of(schema) or isinstance(given, list) or is_map_of_pairs else [given]


def _pair_in_a_text(given: Any, schema: Mapping[str, Any]) -> Any:
    if not isinstance(given, str) or "key" not in schema.get("properties", {}) or "=" not in given:
        return given
    key, _, value = given.partition("=")
    return {"key": key.strip(), "value": value}


def _number_for_a_text(given: Any, schema: Mapping[str, Any]) -> Any:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return str(given) if is_number and types_of(schema) == ["string"] else given


class Habit(NamedTuple):
    """What clients send for what is meant; `meant` returns that, or the value itself where it does not apply."""

    sent: str
    seen: str
    meant: Callable[[Any, Mapping[str, Any]], Any]


# One after the other: what a text held can be a lone entry.
HABITS = (
    Habit("a list or a map as JSON in a text", "Claude Code, anthropics/claude-code#18260", _json_in_a_text),
    Habit("the only entry without its list", "Azure/azure-mcp#726", _lone_entry),
    Habit("a constant as NAME=value", "models that think of `docker run -e`", _pair_in_a_text),
    Habit("a number for a text", "LM Studio, lmstudio-ai/lmstudio-bug-tracker#1626", _number_for_a_text),
)


def takes_pairs(schema: Mapping[str, Any]) -> bool:
    """Return whether a parameter takes pairs of a key and a value, as constants are."""
    return _is_map_of_pairs(schema) or "key" in _items_of(schema).get("properties", {})


def _is_map_of_pairs(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema is the short form of constants; labels say of what kind their values are."""
    return schema.get("type") == "object" and "maxProperties" in schema and "additionalProperties" not in schema


def _items_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    kinds = [schema, *schema.get("anyOf", [])]
    return next((kind["items"] for kind in kinds if "items" in kind), {})


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the JSON types that a parameter takes, except null."""
    kinds = [schema, *schema.get("anyOf", [])]
    return [kind["type"] for kind in kinds if "type" in kind and kind["type"] != "null"]

"""The arguments of a call: what a model meant by them, and what it reads about wrong ones."""

import difflib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError as WrongArguments

from qarnot_mcp.text.cleaning import one_line

SHOWN_CHARACTERS = 80


def normalise_arguments(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Answers the arguments that a model meant.

    Null or a blank text for an optional parameter is one that was left out; a text for a list is the list that it
    holds as JSON, or the only entry of one.
    """
    properties, required = schema.get("properties", {}), schema.get("required", ())
    meant = {}
    for name, given in arguments.items():
        is_blank = given is None or (isinstance(given, str) and not given.strip())
        if is_blank and name in properties and name not in required:
            continue
        is_text_for_list = isinstance(given, str) and "array" in types_of(properties.get(name, {}))
        meant[name] = as_list(given) if is_text_for_list else given
    return meant


def as_list(text: str) -> Any:
    """Answers the list or object that a text holds as JSON, else a list of the text alone."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    return held if isinstance(held, list | dict) else [text]


def explain_arguments(cause: BaseException | None, schema: Mapping[str, Any]) -> str:
    """Says in plain words which argument is wrong, what was given and what is valid."""
    if not isinstance(cause, WrongArguments):
        return "The arguments do not fit the tool's input schema. Compare them with it and call again."
    properties: Mapping[str, Any] = schema.get("properties", {})
    messages = []
    for fault in cause.errors(include_url=False, include_context=False)[:3]:
        where = [str(part) for part in fault["loc"]]
        parameter = where[0] if where else "arguments"
        valid = properties.get(parameter)
        if fault["type"] == "missing_argument" or (fault["type"] == "missing" and len(where) == 1):
            messages.append(f"{parameter} is missing: {describe(valid)}")
        elif valid is None:
            nearest = difflib.get_close_matches(parameter, properties, n=1)
            meant = f" Did you mean {nearest[0]}?" if nearest else ""
            names = ", ".join(properties) or "none"
            messages.append(
                f"{one_line(parameter, 60)} is not a parameter of this tool.{meant} Its parameters: {names}."
            )
        else:
            given = one_line(repr(fault["input"]), SHOWN_CHARACTERS)
            messages.append(f"{parameter} is {given}, which does not fit: {describe(valid)}")
    return " ".join(dict.fromkeys(messages))


def describe(valid: Mapping[str, Any] | None) -> str:
    """Says what a parameter takes, from its JSON schema."""
    if valid is None:
        return "see the tool's input schema."
    types = types_of(valid)
    choices = [str(choice) for kind in (valid, *valid.get("anyOf", [])) for choice in kind.get("enum", [])]
    form = (
        f"one of {', '.join(choices)}" if choices else f"a value of type {' or '.join(types)}" if types else "a value"
    )
    return f"give {form}. {valid.get('description', '')}".strip()


def types_of(valid: Mapping[str, Any]) -> list[str]:
    """Answers the JSON types that a parameter takes, beside null."""
    kinds = [valid, *valid.get("anyOf", [])]
    return [kind["type"] for kind in kinds if "type" in kind and kind["type"] != "null"]


def explain_unknown_tool(name: str, tools: list[str]) -> str:
    """Says which tools there are, the nearest one first."""
    nearest = difflib.get_close_matches(name, tools, n=1)
    meant = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"There is no tool {one_line(name, 60)!r} here.{meant} The tools of this server: {', '.join(tools)}."

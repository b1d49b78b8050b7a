"""The arguments of a call: what a model meant by them, and what it reads about wrong ones."""

import difflib
import logging
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from fastmcp.exceptions import ToolError
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from qarnot_mcp.qarnot.errors import MESSAGE_CHARACTERS, InvalidArgument
from qarnot_mcp.server import client_habits
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.masking import mask_raw
from qarnot_mcp.tools.checks import Arguments

SHOWN_CHARACTERS = 80
NAME_CHARACTERS = 60
MAX_FAULTS = 3
MAX_ARGUMENTS = 64
"""More than any tool has; each that is not known makes a fault of its own."""
SHOWN_ENTRIES = 10
SHOWN_DEPTH = 4

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)


class CallRefusedError(ToolError):
    """A tool that is not shown, or arguments that cannot be right; nothing was sent. `outcome` is for the log."""

    def __init__(self, message: str, outcome: str) -> None:
        super().__init__(message, log_level=logging.DEBUG)  # a refused call is no fault of the server
        self.outcome = outcome


def normalise_arguments(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments that a model meant, and a sentence for each that may have been meant otherwise."""
    properties, required = schema.get("properties", {}), schema.get("required", ())
    meant, warnings = {}, []
    for name, given in arguments.items():
        if name not in properties:
            if name not in client_habits.EXTRA_NAMES:
                meant[name] = given
        elif name in required or not client_habits.is_left_out(name, given):
            meant[name] = client_habits.as_meant(given, properties[name])
            if "number" not in client_habits.types_of(properties[name]):
                warnings += client_habits.warnings_for(given, name)
        elif client_habits.is_a_word_too(given):
            warnings.append(f"{name} was given as {given!r} and taken as left out.")
    return meant, warnings[:MAX_FAULTS]


def read_arguments(model: type[ArgumentsT], given: Mapping[str, Any], schema: Mapping[str, Any]) -> ArgumentsT:
    """Return the arguments of a tool; raise `CallRefusedError` with all that is wrong, up to three parameters."""
    if len(given) > MAX_ARGUMENTS:
        raise CallRefusedError(f"Give at most {MAX_ARGUMENTS} arguments: these are {len(given):,}.", "refused")
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        outcome = "InvalidArgument" if any(map(_our_error, faults)) else "refused"
        raise CallRefusedError(explain_faults(faults, schema), outcome) from None


def explain_faults(faults: Sequence[ErrorDetails], schema: Mapping[str, Any]) -> str:
    """Return in plain words what is wrong with at most three arguments, one fault of each, and what is valid."""
    messages: dict[str, str] = {}
    for fault in faults:
        parameter = str(fault["loc"][0]) if fault["loc"] else ""
        messages.setdefault(parameter, _explain_fault(fault, parameter, schema.get("properties", {})))
    return one_line(" ".join(list(messages.values())[:MAX_FAULTS]), MESSAGE_CHARACTERS)


def _explain_fault(fault: ErrorDetails, parameter: str, properties: Mapping[str, Any]) -> str:
    if (error := _our_error(fault)) is not None:
        return str(error)
    valid = properties.get(parameter)
    if valid is None:
        near = difflib.get_close_matches(parameter[:NAME_CHARACTERS], properties, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        names = ", ".join(properties) or "none"
        return (
            f"{one_line(parameter, NAME_CHARACTERS)} is not a parameter of this tool.{meant} Its parameters: {names}."
        )
    if fault["type"] == "missing" and len(fault["loc"]) == 1:
        return f"{parameter} is missing: {describe(valid)}"
    value = beginning_of(fault["input"])
    # Names may tell which value of a pair is secret, but not where they are those of no pair.
    value = names_in(value) if client_habits.takes_pairs(valid) else mask_raw(value)
    given = one_line(repr(value), SHOWN_CHARACTERS)
    return f"{parameter} is {given}, which does not fit: {describe(valid)}"


def beginning_of(value: object, depth: int = 0) -> object:
    """Return enough of a given value to recognise it, so that a huge one costs no more than a long one."""
    if isinstance(value, str):
        return value[: 4 * SHOWN_CHARACTERS]
    if isinstance(value, int) and value.bit_length() > 4 * SHOWN_CHARACTERS:
        return "a number of hundreds of digits"
    if not isinstance(value, list | dict):
        return value
    if depth == SHOWN_DEPTH:
        return "..."
    if isinstance(value, list):
        return [beginning_of(entry, depth + 1) for entry in value[:SHOWN_ENTRIES]]
    some = islice(value.items(), SHOWN_ENTRIES)
    return {str(name)[:SHOWN_CHARACTERS]: beginning_of(entry, depth + 1) for name, entry in some}


def names_in(value: object) -> object:
    """Return constants as they were given with nothing but the names in them."""
    if isinstance(value, list):
        return [names_in(entry) for entry in value]
    if isinstance(value, dict):
        return {name: entry if name == "key" else names_in(entry) for name, entry in value.items()}
    return f"{value.partition('=')[0]}=..." if isinstance(value, str) and "=" in value else "..."


def _our_error(fault: ErrorDetails) -> InvalidArgument | None:
    """Return what a check of ours raised, if the fault comes from one."""
    error = fault.get("ctx", {}).get("error")
    return error if isinstance(error, InvalidArgument) else None


def describe(valid: Mapping[str, Any] | None) -> str:
    """Return what a parameter takes, from its JSON schema."""
    if valid is None:
        return "see the tool's input schema."
    types = client_habits.types_of(valid)
    choices = [str(choice) for kind in (valid, *valid.get("anyOf", [])) for choice in kind.get("enum", [])]
    form = (
        f"one of {', '.join(choices)}" if choices else f"a value of type {' or '.join(types)}" if types else "a value"
    )
    return f"give {form}. {valid.get('description', '')}".strip()


def explain_unknown_tool(name: str, tools: list[str]) -> str:
    """Return which tools there are, the nearest one first."""
    nearest = difflib.get_close_matches(name[:NAME_CHARACTERS], tools, n=1)
    meant = f" Did you mean {nearest[0]}?" if nearest else ""
    shown = one_line(name, NAME_CHARACTERS)
    return f"There is no tool {shown!r} here.{meant} The tools of this server: {', '.join(tools)}."

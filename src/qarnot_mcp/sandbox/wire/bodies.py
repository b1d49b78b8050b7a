"""The JSON of a request, read with the API's tolerance: keys in any case, numbers as texts, unknown fields ignored."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from qarnot_mcp.sandbox.wire.errors import ApiError, api_error, bad_body
from qarnot_mcp.sandbox.wire.formats import span_seconds

_INT32_MAX = 2**31 - 1


def parse_body(raw: bytes) -> Any:
    """Return the JSON value in a request's body.

    Raises a 400 of shape C when there is no body or it is not JSON (too deep, NaN, bad UTF-8, lone surrogates).
    """
    if not raw.strip():
        raise bad_body("", "A non-empty request body is required.")
    try:
        return from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise bad_body("", f"The body is not valid JSON: {error}") from error


class Body:
    """One JSON object; every getter takes the field's name in camelCase and finds it in any case."""

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise bad_body(path, "Expected a JSON object.")
        self._path = f"{path}." if path else ""
        self._fields = {str(name).lower(): content for name, content in value.items()}

    def value(self, name: str) -> Any:
        """Return the field as it is; None when it is absent."""
        return self._fields.get(name.lower())

    def problem(self, name: str, message: str) -> ApiError:
        """Return a 400 of shape C about one field."""
        return bad_body(f"{self._path}{name}", message)

    def _unconvertible(self, name: str, value: object, kind: str) -> ApiError:
        return self.problem(name, f"Could not convert {_kind(value)} to {kind}. Path '{self._path}{name}'.")

    def text(self, name: str, max_length: int = 2048) -> str | None:
        """Return a text of at most `max_length` characters; numbers and booleans become texts."""
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            value = str(value)
        if not isinstance(value, str):
            raise self._unconvertible(name, value, "string")
        if len(value) > max_length:
            raise api_error(400, f"Invalid field {name}: {len(value)} characters, at most {max_length} are allowed")
        return value

    def integer(self, name: str) -> int | None:
        """Return a whole number of 32 bits."""
        value = self.value(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _INT32_MAX):
            return value
        if isinstance(value, str) and len(value) <= 11 and value.removeprefix("-").isdecimal() and value.isascii():
            return int(value)
        shown = str(value)[:40] if isinstance(value, str | float) else _kind(value)
        raise self.problem(name, f"Could not convert to integer: {shown}. Path '{self._path}{name}'.")

    def number(self, name: str) -> float | None:
        """Return a finite number."""
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e15:
            return float(value)
        raise self._unconvertible(name, value, "number")

    def flag(self, name: str) -> bool | None:
        """Return true or false, given as such or as a text."""
        value = self.value(name)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise self._unconvertible(name, value, "boolean")

    def span(self, name: str) -> str | None:
        """Return a time span as it was written, checked."""
        text = self.text(name, 64)
        if text is not None:
            try:
                span_seconds(text)
            except ValueError as error:
                raise self.problem(name, f"Could not convert string to TimeSpan: {text}.") from error
        return text

    def texts(self, name: str, max_count: int, max_length: int) -> list[str] | None:
        """Return a list of texts, none of them null."""
        values = self._list(name, max_count)
        if values is None:
            return None
        for value in values:
            if not isinstance(value, str):
                raise self._unconvertible(name, value, "string")
            if len(value) > max_length:
                raise api_error(400, f"Invalid field {name}: a value is longer than {max_length} characters")
        return values

    def objects(self, name: str, max_count: int) -> "list[Body] | None":
        """Return a list of objects."""
        values = self._list(name, max_count)
        if values is None:
            return None
        return [Body(value, f"{self._path}{name}[{position}]") for position, value in enumerate(values)]

    def nested(self, name: str) -> "Body | None":
        """Return one object."""
        value = self.value(name)
        return None if value is None else Body(value, f"{self._path}{name}")

    def text_map(self, name: str, max_count: int, max_length: int) -> dict[str, str] | None:
        """Return an object whose values are texts; its keys keep their case."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
            raise self.problem(name, f"Expected texts by name. Path '{self._path}{name}'.")
        if len(value) > max_count:
            raise api_error(400, f"Invalid field {name}: {len(value)} entries, at most {max_count} are allowed")
        if any(len(key) > max_length or len(text) > max_length for key, text in value.items()):
            raise api_error(400, f"Invalid field {name}: a key or value is longer than {max_length} characters")
        return dict(value)

    def _list(self, name: str, max_count: int) -> list[Any] | None:
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise self.problem(name, f"Expected a list, not {_kind(value)}. Path '{self._path}{name}'.")
        if len(value) > max_count:
            raise api_error(400, f"Invalid field {name}: {len(value)} values, at most {max_count} are allowed")
        return value


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return kinds.get(type(value), "a value")

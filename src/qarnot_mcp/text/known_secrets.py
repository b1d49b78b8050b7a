"""What must not leave while one request is served: learned wherever it becomes known, hidden in all that leaves.

Results, errors, warnings, progress, resources, prompts and the log hide the same values by the same mask.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pydantic_core import from_json, to_json

from qarnot_mcp.text.masking import LogMask, mask_shapes

MAX_VALUES = 500
"""A task has 150 constants at most; the first ones learned stay, among them the caller's key."""
OPAQUE_FIELDS = frozenset({"cursor", "next_cursor", "url"})


class KnownSecrets:
    """The secret values that are known by now, in the order in which they were learned."""

    def __init__(self) -> None:
        self._values: dict[str, None] = {}
        self._mask: LogMask | None = None

    @property
    def mask(self) -> LogMask:
        """The mask of all that is known by now."""
        if self._mask is None:
            self._mask = LogMask(self._values)
        return self._mask

    @property
    def values(self) -> tuple[str, ...]:
        """What is known by now."""
        return tuple(self._values)

    def learn(self, values: Iterable[str]) -> None:
        """Hide these values from now on."""
        for value in values:
            if value not in self._values and len(self._values) < MAX_VALUES:
                self._values[value] = None
                self._mask = None

    def hide(self, text: str) -> str:
        """Return a text without what is known, and without what is secret by its shape."""
        return self.mask.hide(mask_shapes(text))

    def hide_in(self, document: Any, *, is_opaque: bool = False) -> Any:
        """Return a decoded document with every text in it hidden, the names of its fields, too.

        What only we or the API can read, such as a cursor, has no shape that means anything.
        """
        if isinstance(document, str):
            return self.mask.hide(document) if is_opaque else self.hide(document)
        if isinstance(document, list):
            return [self.hide_in(entry) for entry in document]
        if isinstance(document, dict):
            return {
                self.hide(name): self.hide_in(entry, is_opaque=name in OPAQUE_FIELDS)
                for name, entry in document.items()
            }
        return document

    def hide_in_json(self, text: str) -> str:
        """Return a text as `hide` does; one that is JSON stays JSON."""
        hidden = self.hide(text)
        if hidden == text or not text.startswith("{"):
            return hidden
        try:
            return to_json(self.hide_in(from_json(text))).decode()
        except ValueError:
            return hidden


_current: ContextVar[KnownSecrets] = ContextVar("known_secrets")
secrets_of_process = KnownSecrets()
"""The secrets of the server itself, hidden in each line of its log."""


@contextmanager
def serving() -> Iterator[None]:
    """Keep what is learned while one request is served, a message of MCP within one of HTTP together with it."""
    if _current.get(None) is not None:
        yield
        return
    token = _current.set(KnownSecrets())
    try:
        yield
    finally:
        _current.reset(token)


def known_secrets() -> KnownSecrets:
    """Return what the request being served has learned; outside of requests one that nobody else sees."""
    return _current.get(None) or KnownSecrets()


def hide_in_log(line: str) -> str:
    """Return a line of the log without what the server and the request being served know."""
    return known_secrets().hide_in_json(secrets_of_process.hide_in_json(line))

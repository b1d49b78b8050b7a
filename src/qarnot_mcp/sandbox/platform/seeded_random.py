"""Random numbers that can be repeated: every draw follows from a seed and from what is drawn for."""

import hashlib
import uuid
from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")


class SeededRandom:
    """A source of draws; the same seed and the same labels always give the same draw."""

    def __init__(self, seed: object) -> None:
        self._state = hashlib.blake2b(repr(seed).encode(), digest_size=16)

    def _bits(self, label: object) -> int:
        state = self._state.copy()
        state.update(repr(label).encode())
        return int.from_bytes(state.digest())

    def fraction(self, label: object) -> float:
        """Return a number from 0 (included) to 1 (excluded)."""
        return (self._bits(label) >> 64) / 2**64

    def integer(self, label: object, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self._bits(label) % (high - low + 1)

    def choice(self, label: object, options: Sequence[Choice]) -> Choice:
        """Return one of `options`."""
        return options[self._bits(label) % len(options)]

    def uuid(self, label: object) -> str:
        """Return a version 4 UUID, in lower case."""
        return str(uuid.UUID(int=self._bits(label), version=4))

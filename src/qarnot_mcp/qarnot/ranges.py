"""Ranges of instance ids as the API writes them: `0-2,4-5,17`, both ends included; none is ever expanded."""

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

RANGES_CHARACTERS = 100_000
_PART = re.compile(r"\s*([0-9]{1,10})(?:\s*-\s*([0-9]{1,10}))?\s*")


@dataclass(frozen=True)
class Ranges:
    """Instance ids, kept as sorted pairs of first and last that neither touch nor overlap."""

    pairs: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.pairs)

    def __contains__(self, instance_id: object) -> bool:
        if not isinstance(instance_id, int):
            return False
        index = bisect_right(self.pairs, (instance_id, math.inf)) - 1
        return index >= 0 and instance_id <= self.pairs[index][1]

    def __iter__(self) -> Iterator[int]:
        """Yield the ids in order, one by one: take only as many as you need."""
        for first, last in self.pairs:
            yield from range(first, last + 1)

    def __str__(self) -> str:
        return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in self.pairs)

    @classmethod
    def of(cls, ids: Iterable[int]) -> Self:
        """Return the ranges of these ids, in any order."""
        return cls._merged((each, each) for each in ids)

    @classmethod
    def lenient(cls, text: str) -> Self:
        """Return the ranges of a text that the API wrote; no ids where it cannot be read."""
        try:
            return cls.parse(text)
        except ValueError:
            return cls()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the ranges of a text such as `0-2,4-5,17`; empty text is no ids.

        Raises `ValueError` for anything else: wrong characters, a first above its last, more than 100,000 characters.
        """
        if len(text) > RANGES_CHARACTERS:
            raise ValueError(f"more than {RANGES_CHARACTERS:,} characters")
        pairs: list[tuple[int, int]] = []
        for part in text.split(",") if text.strip() else ():
            match = _PART.fullmatch(part)
            if match is None:
                raise ValueError(f"{part[:40]!r} is neither a number nor two with a hyphen")
            first = int(match[1])
            last = int(match[2] or first)
            if last < first:
                raise ValueError(f"{part.strip()!r} ends before it starts")
            pairs.append((first, last))
        return cls._merged(pairs)

    @classmethod
    def _merged(cls, pairs: Iterable[tuple[int, int]]) -> Self:
        merged: list[tuple[int, int]] = []
        for first, last in sorted(pairs):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    def short(self, characters: int) -> str:
        """Return the text, cut between two ranges where it is longer, with how many ranges are missing."""
        text = str(self)
        if len(text) <= characters:
            return text
        kept = text[:characters].rpartition(",")[0]
        missing = len(self.pairs) - (kept.count(",") + 1 if kept else 0)
        return f"{kept},... ({missing} more ranges)".lstrip(",")


def count_ranges(text: str) -> int:
    """Return the number of ids in a text that the API wrote; 0 where it cannot be read."""
    return len(Ranges.lenient(text))

"""Ranges of instance ids as the API writes them: `0-2,4-5,17`, both ends included; none is ever expanded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

RANGES_CHARACTERS = 100_000
_PART = re.compile(r"\s*([0-9]{1,10})(?:\s*-\s*([0-9]{1,10}))?\s*")


@dataclass(frozen=True)
class Ranges:
    """Instance ids, kept as sorted pairs of first and last that neither touch nor overlap."""

    pairs: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.pairs)

    def __contains__(self, instance_id: object) -> bool:
        return isinstance(instance_id, int) and any(first <= instance_id <= last for first, last in self.pairs)

    def __iter__(self) -> Iterator[int]:
        """Goes through the ids in order, made one by one: take only as many as you need."""
        for first, last in self.pairs:
            yield from range(first, last + 1)

    def __str__(self) -> str:
        return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in self.pairs)


def parse_ranges(text: str) -> Ranges:
    """Reads a text such as `0-2,4-5,17`; empty text is no ids.

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
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return Ranges(tuple(merged))


def count_ranges(text: str) -> int:
    """Counts the ids of a text that the API wrote; 0 where it cannot be read."""
    try:
        return len(parse_ranges(text))
    except ValueError:
        return 0

"""Sets of instance ids, written as the API writes them: `0-2,4,7-9`, ends included."""

import re
from collections.abc import Iterable

_RANGES = re.compile(r"\s*\d{1,9}(?:-\d{1,9})?(?:,\d{1,9}(?:-\d{1,9})?)*\s*", re.ASCII)


def ranges_text(instance_ids: Iterable[int]) -> str:
    """Instance ids as ranges; no ids is the empty text."""
    parts: list[str] = []
    first = last = None
    for instance_id in sorted(instance_ids):
        if last is not None and instance_id <= last + 1:
            last = instance_id
            continue
        if first is not None and last is not None:
            parts.append(str(first) if first == last else f"{first}-{last}")
        first = last = instance_id
    if first is not None and last is not None:
        parts.append(str(first) if first == last else f"{first}-{last}")
    return ",".join(parts)


def range_ids(text: str, max_count: int) -> tuple[int, ...]:
    """The instance ids in ranges, in order and without repeats.

    Raises ValueError for a text of another form, a range that runs backwards, or more than `max_count` ids.
    """
    if len(text) > 16384 or not _RANGES.fullmatch(text):
        raise ValueError(f"not a list of ranges: {text[:40]!r}")
    spans: list[tuple[int, int]] = []
    total = 0
    for part in text.strip().split(","):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        if last < first:
            raise ValueError(f"the range {part} runs backwards")
        spans.append((first, last))
        total += last - first + 1
        if total > max_count:
            raise ValueError(f"more than {max_count} instances")
    return tuple(sorted({instance_id for first, last in spans for instance_id in range(first, last + 1)}))

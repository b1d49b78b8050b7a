"""All that the API said of a task, for detail="full": secrets masked, text cleaned, long lists cut to fit."""

import json
from collections.abc import Iterator
from typing import Any

from qarnot_mcp.tools.cleaning import one_line
from qarnot_mcp.tools.secrets import mask_raw

MAX_CHARACTERS = 80_000
TEXT_CHARACTERS = 4_000
LEFT_OUT = "_left_out"
KEPT_AT_LEAST = 1


def whole_answer(raw: dict[str, Any]) -> dict[str, Any]:
    """Answers the masked answer of the API, at most 80,000 characters as JSON.

    Where it is longer its longest lists lose their ends, and `_left_out` tells how many entries of each are missing.
    """
    whole: dict[str, Any] = cleaned(mask_raw(raw))
    lengths = {path: len(entries) for path, entries in lists_of(whole)}
    while len(json.dumps(whole, ensure_ascii=False)) > MAX_CHARACTERS:
        longest = max(
            (entries for _, entries in lists_of(whole)), key=lambda entries: len(json.dumps(entries)), default=[]
        )
        if len(longest) <= KEPT_AT_LEAST:
            return {LEFT_OUT: {"everything": f"longer than {MAX_CHARACTERS} characters even without its lists"}}
        del longest[max(KEPT_AT_LEAST, len(longest) // 2) :]
    kept = {path: len(entries) for path, entries in lists_of(whole)}
    left_out = {path: length - kept[path] for path, length in lengths.items() if path in kept and kept[path] < length}
    return whole | ({LEFT_OUT: left_out} if left_out else {})


def cleaned(value: Any) -> Any:
    """Makes every text of a decoded answer one clean line of bounded length."""
    match value:
        case str():
            return one_line(value, TEXT_CHARACTERS)
        case dict():
            return {one_line(str(name), TEXT_CHARACTERS): cleaned(entry) for name, entry in value.items()}
        case list():
            return [cleaned(entry) for entry in value]
        case _:
            return value


def lists_of(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Goes through the lists of a decoded answer, each with its path, such as status.runningInstancesInfo."""
    if isinstance(value, list):
        yield path, value
    for name, entry in value.items() if isinstance(value, dict) else ():
        yield from lists_of(entry, f"{path}.{name}" if path else name)

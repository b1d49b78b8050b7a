"""All that the API said of a task, for detail="full": secrets masked, text cleaned, long lists cut to fit."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qarnot_mcp.text.cleaning import one_line, shorten
from qarnot_mcp.text.masking import mask_raw
from qarnot_mcp.tools.answers import API_CHARACTERS, json_length

TEXT_CHARACTERS = (4_000, 400, 80)
LONG_CHARACTERS = 4 * TEXT_CHARACTERS[0]
VERBATIM = frozenset({"constants", "labels", "resultsWhitelist", "resultsBlacklist", "advancedResourceBuckets"})
"""What is needed to run the task again is told as the task has it."""
LEFT_OUT = "_left_out"
KEPT_AT_LEAST = 1


def bounded_api_answer(raw: dict[str, Any], most: int = API_CHARACTERS) -> dict[str, Any]:
    """Return what the API said, masked, in at most so many characters of JSON.

    If it is longer, its longest lists lose their ends and `_left_out` tells how many entries of each are missing; if
    that is not enough, its texts are shortened, too.
    """
    lengths = {path: len(entries) for path, entries in lists_of(raw)}
    # Masking looks at each text in several ways: what cannot be shown anyway goes first.
    masked = mask_raw(shortened(raw), VERBATIM)
    for characters in TEXT_CHARACTERS:
        whole = cut_to_fit(cleaned(masked, characters), lengths, most)
        if whole is not None:
            return whole
    return {LEFT_OUT: {"everything": f"longer than {most} characters even without its lists"}}


def shortened(value: Any) -> Any:
    """Return it without the ends of lists that are each too long to show."""
    if isinstance(value, dict):
        return {name: shortened(entry) for name, entry in value.items()}
    if isinstance(value, str) and len(value) > LONG_CHARACTERS:
        return shorten(value, TEXT_CHARACTERS[0])
    if not isinstance(value, list):
        return value
    kept: list[Any] = []
    room = API_CHARACTERS
    for entry in value:
        kept.append(shortened(entry))
        room -= json_length(kept[-1])
        if room < 0:
            break
    return kept


def cut_to_fit(whole: dict[str, Any], lengths: Mapping[str, int], most: int) -> dict[str, Any] | None:
    """Return it with its lists cut to `most` characters in all; None if it is longer without them.

    `lengths` are those of its lists before anything was cut.
    """
    while json_length(whole) > most:
        cuttable = [entries for _, entries in lists_of(whole) if len(entries) > KEPT_AT_LEAST]
        if not cuttable:
            return None
        longest = max(cuttable, key=json_length)
        del longest[max(KEPT_AT_LEAST, len(longest) // 2) :]
    kept = {path: len(entries) for path, entries in lists_of(whole)}
    left_out = {path: length - kept[path] for path, length in lengths.items() if path in kept and kept[path] < length}
    return whole | ({LEFT_OUT: left_out} if left_out else {})


def cleaned(value: Any, characters: int, cut: Callable[[str, int], str] = one_line) -> Any:
    """Make every text of a decoded answer one clean line of bounded length, but for those that are told verbatim."""
    match value:
        case str():
            return cut(value, characters)
        case dict():
            return {
                cut(str(name), characters): cleaned(entry, characters, shorten if name in VERBATIM else cut)
                for name, entry in value.items()
            }
        case list():
            return [cleaned(entry, characters, cut) for entry in value]
        case _:
            return value


def lists_of(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Yield the lists of a decoded answer, each with its path, such as status.runningInstancesInfo."""
    if isinstance(value, list):
        yield path, value
    for name, entry in value.items() if isinstance(value, dict) else ():
        yield from lists_of(entry, f"{path}.{name}" if path else name)

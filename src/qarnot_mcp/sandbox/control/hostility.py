"""Documents that no honest API sends: the response that would have come, with every field of a sort made hostile."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

VARIANTS = ("text", "list", "wrong_types", "nan", "year_99999")
TEXT_CHARACTERS = 10_000_000
LIST_ENTRIES = 100_000
_PIECE_BYTES = 256 * 1024
_FAR_DATE = "99999-12-31T23:59:59Z"


def hostile_pieces(content: bytes, variant: str, size: int | None) -> Iterator[bytes]:
    """Yield the pieces of a document of JSON or XML with its fields made hostile; what is neither is taken as a text.

    `size` is the length of each text in characters or of each list in entries (by default 10,000,000 and 100,000). A
    list within a list keeps its length, for the product of both would never end.
    """
    if content.startswith(b"<?xml"):
        yield from _xml(ElementTree.fromstring(content), variant, size)  # noqa: S314 - the sandbox wrote it
        return
    try:
        document = json.loads(content) if content else {}
    except ValueError:
        document = content.decode("utf-8", "replace")
    if variant in ("text", "list"):
        yield from _json(document, variant, size)
    else:
        yield b"".join(_json(document, variant, size))


def _json(value: Any, variant: str, size: int | None) -> Iterator[bytes]:
    match value:
        case str() if variant == "text":
            yield b'"'
            yield from _repeated(b"x", TEXT_CHARACTERS if size is None else size)
            yield b'"'
        case list() if variant == "list":
            entry = json.dumps(value[0] if value else "entry").encode()
            yield b"[" + entry
            yield from _repeated(b"," + entry, (LIST_ENTRIES if size is None else size) - 1)
            yield b"]"
        case dict() if value:
            for position, (name, field) in enumerate(value.items()):
                yield (b"," if position else b"{") + json.dumps(name).encode() + b":"
                yield from _json(field, variant, size)
            yield b"}"
        case list() if value:
            for position, entry in enumerate(value):
                yield b"," if position else b"["
                yield from _json(entry, variant, size)
            yield b"]"
        case dict() | list():
            yield json.dumps(value).encode()
        case _:
            yield json.dumps(_changed(value, variant)).encode()


def _xml(element: ElementTree.Element, variant: str, size: int | None) -> Iterator[bytes]:
    """Yield an element of the storage; one whose children have none, such as a file, is an entry of a list."""
    name = element.tag.rpartition("}")[2]
    if variant == "list" and len(element) and not any(map(len, element)):
        yield from _repeated(b"".join(_xml(element, "", None)), LIST_ENTRIES if size is None else size)
        return
    yield f"<{name}>".encode()
    for child in element:
        yield from _xml(child, variant, size)
    text = element.text or ""
    match variant:
        case "text" if not len(element):
            yield from _repeated(b"x", TEXT_CHARACTERS if size is None else size)
        case "wrong_types" if text:
            yield b"unexpected" if text.isdigit() or _is_date(text) else b"7"
        case "nan" if text.isdigit():
            yield b"NaN"
        case "year_99999" if _is_date(text):
            yield _FAR_DATE.encode()
        case _:
            yield escape(text).encode()
    yield f"</{name}>".encode()


def _repeated(unit: bytes, count: int) -> Iterator[bytes]:
    """Yield `count` units in pieces, so that nobody holds them all."""
    units = max(1, _PIECE_BYTES // len(unit))
    piece = unit * min(units, count)
    for _ in range(count // units):
        yield piece
    yield unit * (count % units)


def _changed(value: Any, variant: str) -> Any:
    """Return what takes the place of a text, a number, true, false or null."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match variant:
        case "wrong_types" if isinstance(value, str):
            return 7
        case "wrong_types":
            return ["unexpected"] if is_number else {"unexpected": [True]}
        case "nan" if is_number:
            return float("nan")
        case "year_99999" if _is_date(value):
            return _FAR_DATE
    return value


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and value[4:5] == "-" and value[7:8] == "-" and value[10:11] == "T"

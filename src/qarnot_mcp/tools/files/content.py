"""What kind of file it is, and its text, by its first bytes; the name of a file is a stranger's claim."""

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x76\x2f\x31\x01", "image/x-exr"),
)
PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/tiff"})
"""Kinds of pictures that are shown; OpenEXR would take a library of its own."""
_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_MAX_CONTROLS = 0.05
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1b\b")


def kind_of(head: bytes) -> str:
    """Return the type of a picture, `text`, or `binary`."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:2] in _WIDE:
        return "text"
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return "binary" if b"\0" in head or controls > _MAX_CONTROLS * len(head) else "text"


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text: UTF-16 by its mark, UTF-8, or Latin-1 where its first bytes are no UTF-8."""
    if head[:2] in _WIDE:
        return _WIDE[head[:2]]
    try:
        # A character may be cut at the end of the head.
        head[: len(head) - 3 if len(head) > 1024 else len(head)].decode()
    except UnicodeDecodeError as error:
        return "utf-8" if error.start >= len(head) - 8 else "latin-1"
    return "utf-8"


def decode(content: bytes, head: bytes) -> str:
    """Return the text of a part of a file whose first bytes are `head`."""
    return content.decode(encoding_of(head), errors="replace").removeprefix("\ufeff")

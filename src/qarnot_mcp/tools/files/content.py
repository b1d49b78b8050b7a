"""What kind of file it is, and its text, by its first bytes; pictures made small enough for a model and a person.

The name of a file is a stranger's claim. The library for pictures is loaded with the first of them.
"""

import asyncio
import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache

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
MODEL_SIDE = 1024
"""Pixels of the longer side: what models see of a picture, at about 1,400 tokens."""
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_PIXELS = 40_000_000
"""What is decoded at most: an 8K frame, 160 MB for a moment."""
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")


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


async def scaled(content: bytes, side: int = MODEL_SIDE) -> tuple[bytes, str] | None:
    """Return a picture whose longer side has at most `side` pixels, with its type; None for one that cannot be shown.

    One is decoded at a time, in a thread of its own: a picture may be much larger in memory than as a file.
    """
    return await asyncio.get_running_loop().run_in_executor(_one_thread(), _scaled, content, side)


@cache
def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "pictures")


def _scaled(content: bytes, side: int) -> tuple[bytes, str] | None:
    try:
        from PIL import Image
    except ImportError:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
        if picture.width * picture.height > MAX_PIXELS:
            return None
        is_photograph = picture.format == "JPEG"
        picture.draft("RGB", (side, side))
        if picture.mode.startswith(("I", "F")):  # heights, depths: from the darkest to the brightest
            picture = picture.convert("F")
            low, high = (float(value) for value in picture.getextrema())  # type: ignore[arg-type]
            scale = 255 / ((high - low) or 1.0)
            picture = picture.point(lambda value: value * scale - low * scale).convert("L")
        has_alpha = "A" in picture.getbands() or "transparency" in picture.info
        picture = picture.convert("RGBA" if has_alpha else "RGB")
        picture.thumbnail((side, side))
        written = io.BytesIO()
        if is_photograph:
            picture.save(written, "JPEG", quality=85)
        else:
            picture.save(written, "PNG")
    except (OSError, ValueError, SyntaxError, TypeError, MemoryError, Image.DecompressionBombError):
        return None  # it says to be a picture, and is none that can be read
    return written.getvalue(), "image/jpeg" if is_photograph else "image/png"

"""Pictures made small enough for a model and a person; the library for it is loaded with the first of them."""

import asyncio
import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache

MODEL_SIDE = 1024
"""Pixels of the longer side: what models see of a picture, at about 1,400 tokens."""
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_PIXELS = 40_000_000
"""What is decoded at most: an 8K frame, 160 MB for a moment."""
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")


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

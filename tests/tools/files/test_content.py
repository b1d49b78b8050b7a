"""Pictures are scaled, whatever a stranger made of them."""

import io
import struct
import zlib

import pytest
from PIL import Image

from qarnot_mcp.tools.files.content import MODEL_SIDE, scaled


def picture(mode: str, size: tuple[int, int], form: str) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size).save(written, form)
    return written.getvalue()


def png_that_says(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("mode", "form", "kind"),
    [
        ("RGB", "PNG", "image/png"),
        ("RGBA", "PNG", "image/png"),
        ("P", "PNG", "image/png"),
        ("I;16", "PNG", "image/png"),
        ("RGB", "JPEG", "image/jpeg"),
        ("CMYK", "JPEG", "image/jpeg"),
        ("RGB", "WEBP", "image/png"),
        ("F", "TIFF", "image/png"),
        ("CMYK", "TIFF", "image/png"),
    ],
)
async def test_a_picture_of_any_kind_is_scaled_to_what_a_model_sees(mode: str, form: str, kind: str) -> None:
    small = await scaled(picture(mode, (2 * MODEL_SIDE, MODEL_SIDE), form))
    assert small is not None
    assert small[1] == kind
    with Image.open(io.BytesIO(small[0])) as shown:
        assert shown.size == (MODEL_SIDE, MODEL_SIDE // 2)


async def test_a_small_picture_stays_as_large_as_it_is() -> None:
    small = await scaled(picture("RGB", (16, 9), "PNG"))
    assert small is not None
    with Image.open(io.BytesIO(small[0])) as shown:
        assert shown.size == (16, 9)


@pytest.mark.parametrize(
    "content",
    [
        png_that_says(100_000, 100_000),
        png_that_says(10_000, 5_000),
        png_that_says(20, 20),
        b"\x89PNG\r\n\x1a\n",
        picture("RGB", (50, 50), "JPEG")[:200],
        picture("RGB", (50, 50), "GIF"),
        b"II*\0" + b"\xff" * 100,
    ],
)
async def test_a_bomb_or_a_broken_picture_is_not_shown(content: bytes) -> None:
    assert await scaled(content) is None

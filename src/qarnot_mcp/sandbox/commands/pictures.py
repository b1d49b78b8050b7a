"""Small pictures that stand for rendered frames."""

import struct
import zlib
from functools import cache

WIDTH, HEIGHT = 96, 54


def draw_frame(number: int) -> bytes:
    """Return a PNG of 96 by 54 pixels: a sun that moves with the number of the frame over a plain sea."""
    return _draw(12 + number * 6 % (WIDTH - 24))


@cache  # The sun has twelve places.
def _draw(sun: int) -> bytes:
    rows = b"".join(b"\0" + b"".join(_pixel(x, y, sun) for x in range(WIDTH)) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _pixel(x: int, y: int, sun: int) -> bytes:
    if (x - sun) ** 2 + (y - 14) ** 2 < 64:
        return bytes((255, 214, 92))
    return bytes((120, 180 - y, 220)) if y < 30 else bytes((20, 70 + y, 120))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

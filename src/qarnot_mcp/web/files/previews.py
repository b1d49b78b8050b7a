"""What the files page shows of a file without downloading it: a small picture, or the beginning of a text."""

from dataclasses import dataclass

from qarnot_mcp.qarnot.storage.client import StorageClient
from qarnot_mcp.text.cleaning import clean_text
from qarnot_mcp.tools.files.content import MAX_FILE_BYTES, PICTURES, decode, kind_of, scaled

TEXT_BYTES = 16 * 1024
SIDE = 1024


@dataclass(frozen=True)
class Preview:
    """A picture with its type, a text, or neither."""

    kind: str
    picture: bytes | None = None
    text: str | None = None
    is_cut: bool = False


async def preview_of(storage: StorageClient, bucket: str, path: str) -> Preview:
    """Return what can be shown of a file."""
    file = await storage.file(bucket, path)
    if file.size_bytes == 0:
        return Preview("text", text="")
    head = await storage.read(bucket, path, 0, TEXT_BYTES)
    kind = kind_of(head)
    if kind == "text":
        return Preview(kind, text=clean_text(decode(head, head)), is_cut=file.size_bytes > len(head))
    if kind in PICTURES and file.size_bytes <= MAX_FILE_BYTES:
        content = head if file.size_bytes <= len(head) else await storage.read(bucket, path, 0, file.size_bytes)
        if (small := await scaled(content, SIDE)) is not None:
            return Preview(small[1], picture=small[0])
    return Preview("binary")

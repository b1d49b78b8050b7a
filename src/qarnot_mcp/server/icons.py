"""The pictures that hosts show beside the server and its tools; no model sees them."""

import base64
from functools import cache
from importlib.resources import files

from mcp_types import Icon

from qarnot_mcp.tools.toolset import ToolEntry

SVG, PNG = "image/svg+xml", "image/png"
ICON_FILES = {"qarnot.svg": SVG, "qarnot.png": PNG, "list.svg": SVG, "read.svg": SVG, "write.svg": SVG, "end.svg": SVG}
ICON_PATH = "/icons/"
SIZES = {SVG: ["any"], PNG: ["512x512"]}


def server_icons(origin: str | None) -> list[Icon]:
    """Return the icons of the server, served by itself; without an address (standard input) the drawing as data."""
    if origin is None:
        data = base64.b64encode(icon_bytes("qarnot.svg")).decode()
        return [Icon(src=f"data:{SVG};base64,{data}", mime_type=SVG, sizes=SIZES[SVG])]
    return [_served(origin, "qarnot.svg"), _served(origin, "qarnot.png")]


def tool_icons(entry: ToolEntry, origin: str | None) -> list[Icon] | None:
    """Return the icon of a tool by what it does: lists, reads, starts or changes, ends or deletes."""
    if origin is None:
        return None
    if entry.name.startswith(("abort_", "delete_", "close_")):
        kind = "end"
    elif entry.writes:
        kind = "write"
    else:
        kind = "list" if entry.name.startswith("list_") else "read"
    return [_served(origin, f"{kind}.svg")]


@cache
def icon_bytes(name: str) -> bytes:
    """Return the content of one of `ICON_FILES`."""
    return files("qarnot_mcp.server").joinpath("icons", name).read_bytes()


def _served(origin: str, name: str) -> Icon:
    kind = ICON_FILES[name]
    return Icon(src=f"{origin}{ICON_PATH}{name}", mime_type=kind, sizes=SIZES[kind])

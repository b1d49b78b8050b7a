"""The files page as one HTML document, joined from its source files and from those of the dashboard that it shares."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from qarnot_mcp.dashboard.document import joinable
from qarnot_mcp.dashboard.document import read as read_shared

# Each module comes after those that it imports.
SCRIPTS = (
    "messages.js",
    "/i18n/language.js",
    "/components/dom.js",
    "names.js",
    "parts.js",
    "speed.js",
    "retries.js",
    "interrupted.js",
    "server.js",
    "queue.js",
    "chosen.js",
    "uploads_view.js",
    "bucket_view.js",
    "main.js",
)
"""A name that begins with a slash is one of the dashboard."""
STYLES = ("/theme.css", "page.css")


@cache
def files_page() -> str:
    """Return the page; it loads nothing else."""
    return read("page.html").replace("/* styles */", _styles()).replace("/* scripts */", _scripts())


@cache
def page_headers() -> dict[str, str]:
    """Return the headers of the page: only its own script and style, and requests only to this server.

    The referrer policy is `same-origin`: with `no-referrer` browsers send `Origin: null` with the form of a download.
    """
    policy = (
        f"default-src 'none'; script-src '{_digest(_scripts())}'; style-src '{_digest(_styles())}'; img-src blob:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def read(name: str) -> str:
    """Return the text of one source file."""
    if name.startswith("/"):
        return read_shared(name[1:])
    return files("qarnot_mcp.web.files").joinpath("app", name).read_text(encoding="utf-8")


@cache
def _scripts() -> str:
    return "\n".join(["", *(joinable(read(name)) for name in SCRIPTS), ""])


@cache
def _styles() -> str:
    return "\n".join(["", *map(read, STYLES), ""])


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"

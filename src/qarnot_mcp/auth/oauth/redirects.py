"""Where a sign-in may return to: the person's own machine, known clients, and what the operator adds."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, unquote, urlsplit

from qarnot_mcp.settings.fields import LOOPBACK_HOSTS

KNOWN_REDIRECTS = (
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "https://chatgpt.com/connector_platform_oauth_redirect",
    "https://chatgpt.com/connector/oauth/*",  # one for each connector
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
)
MAX_REDIRECT_CHARACTERS = 1_024
MAX_PROPOSED = 3


def is_allowed(redirect_uri: str, further: Iterable[str] = ()) -> bool:
    """Return whether a sign-in may return to this address: a known callback, one of the `further` ones, or a local one.

    `*` as a port means any, `*` at the end one last segment of the path. A callback on the person's own machine needs
    no place in a list, whatever its port and path (RFC 8252, section 7.3).
    """
    patterns = (*KNOWN_REDIRECTS, *further)
    return _is_loopback(redirect_uri) or any(_matches(redirect_uri, pattern) for pattern in patterns)


def is_same_redirect(redirect_uri: str, registered: str) -> bool:
    """Return whether a requested callback is the registered one; on the person's own machine any port is accepted.

    A client on the machine gets a free port at each start (RFC 8252, section 7.3).
    """
    parts = _split(registered)
    if parts is not None and parts.hostname in LOOPBACK_HOSTS:
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return _matches(redirect_uri, parts._replace(netloc=f"{host}:*").geturl())
    return redirect_uri == registered


def place_of(redirect_uri: str) -> str:
    """Return what a person should read of a callback: its host, and its port if there is one."""
    parts = urlsplit(redirect_uri)
    return parts.netloc or f"{parts.scheme}:"


def setting_for(redirect_uris: Iterable[str]) -> str | None:
    """Return the line of `.env` that allows these callbacks, or None where none of them can be allowed."""
    usable = [uri for uri in redirect_uris if _split(uri) is not None and not set(uri) & set(",#$*")]
    return f"QARNOT_MCP_ALLOWED_REDIRECTS={','.join(usable[:MAX_PROPOSED])}" if usable else None


def is_on_this_machine(redirect_uri: str) -> bool:
    """Return whether a callback stays on the machine of the person's browser."""
    return urlsplit(redirect_uri).hostname in LOOPBACK_HOSTS


def _is_loopback(redirect_uri: str) -> bool:
    parts = _split(redirect_uri)
    return parts is not None and parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS and not parts.query


def _matches(redirect_uri: str, pattern: str) -> bool:
    if redirect_uri == pattern:
        return _split(redirect_uri) is not None
    if pattern.endswith("/*"):
        anchor, _, segment = redirect_uri.rpartition("/")
        return anchor == pattern[:-2] and re.fullmatch(r"[A-Za-z0-9_-]+", segment) is not None
    if ":*" not in pattern:
        return False
    parts = _split(redirect_uri)
    if parts is None:
        return False
    anchor, _, path = pattern.partition(":*")
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" == anchor and parts._replace(scheme="", netloc="").geturl() == path


def _split(redirect_uri: str) -> SplitResult | None:
    """Return the parts of an address that every browser reads as this server does, or None for any other."""
    if len(redirect_uri) > MAX_REDIRECT_CHARACTERS or not redirect_uri.isascii() or not redirect_uri.isprintable():
        return None
    if set(redirect_uri) & set(' \\"<>`{}|^'):
        return None
    try:
        parts = urlsplit(redirect_uri)
        _ = parts.port
    except ValueError:
        return None
    if "@" in parts.netloc or parts.fragment or not parts.scheme:
        return None
    if any(segment in (".", "..") for segment in unquote(parts.path).split("/")):
        return None
    if parts.scheme in ("http", "https") and not parts.hostname:
        return None
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        return None
    return None if parts.scheme in ("javascript", "data", "file", "vbscript", "blob", "about") else parts

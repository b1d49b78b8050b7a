"""The mode of access: whose key calls use, what the log says about it at the start, and the two scopes of a sign-in."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from qarnot_mcp.settings.fields import LOOPBACK_HOSTS
from qarnot_mcp.settings.model import Settings

Mode = Literal["key", "oauth"]
READ_SCOPE = "qarnot:read"
WRITE_SCOPE = "qarnot:write"
SCOPES = (READ_SCOPE, WRITE_SCOPE)

DEFAULT_PATH = "/mcp"
UNUSUAL_PATH = (
    "QARNOT_MCP_PATH is {path}: Claude on the web was seen to connect to /mcp only. Leave the path out unless every "
    "client is known to take another."
)


@dataclass(frozen=True)
class Announcement:
    """A line for the log at the start, with its level as `logging` numbers them."""

    level: int
    text: str


def choose_mode(auth: Literal["auto", "key", "oauth"], public_url: str | None) -> Mode:
    """Return the mode that is set; `auto` means `oauth` for a server with a public address, else `key`.

    So a server whose own key serves whoever reaches its public address has to be asked for by name.
    """
    if auth != "auto":
        return auth
    return "key" if public_url is None else "oauth"


def announce_access(
    settings: Settings, mode: Mode, public_url: str | None, *, is_simulated: bool = False
) -> Iterator[Announcement]:
    """Yield the lines that say which mode is on, what is dangerous about it, and which address to connect to."""
    yield Announcement(logging.INFO, _about_mode(mode, settings.api_key, is_simulated=is_simulated))
    is_open = public_url is not None or settings.host not in LOOPBACK_HOSTS or settings.allowed_hosts
    if mode == "key" and settings.api_key is not None and is_open and not is_simulated:
        where = f"{public_url}{settings.path}" if public_url else f"port {settings.port} of {settings.host}"
        yield Announcement(
            logging.WARNING,
            f"Everybody who can reach {where} can run tasks with QARNOT_API_KEY and spend its credits. "
            "Set QARNOT_MCP_AUTH=oauth to let people sign in with keys of their own.",
        )
    if mode == "oauth" and public_url is None:
        yield Announcement(
            logging.WARNING,
            "No public address is known, so only clients on this machine can sign in. Set QARNOT_MCP_PUBLIC_URL "
            "to the https address under which people reach this server.",
        )
    if public_url is None:
        local = f"http://localhost:{settings.port}{settings.path}"
        yield Announcement(logging.INFO, f"Connect MCP clients on this machine to {local}")
    else:
        address = f"{public_url}{settings.path}"
        yield Announcement(logging.INFO, f"Paste this address into Claude as a connector: {address}")
        if settings.path != DEFAULT_PATH:
            yield Announcement(logging.WARNING, UNUSUAL_PATH.format(path=settings.path))


def _about_mode(mode: Mode, api_key: SecretStr | None, *, is_simulated: bool) -> str:
    if mode == "oauth":
        unused = (
            " (QARNOT_API_KEY is set, but not used in this mode; QARNOT_MCP_AUTH=key uses it)"
            if api_key is not None
            else ""
        )
        return f"Access mode oauth: people sign in, and each call uses the caller's own Qarnot key{unused}."
    if is_simulated:
        return "Access mode key: a key that begins with sandbox is a simulated account; calls without one share one."
    if api_key is not None:
        return "Access mode key: a call uses the key of its own headers, else QARNOT_API_KEY."
    return "Access mode key: a call uses the key of its own headers; QARNOT_API_KEY is not set, so there is no other."


def granted_scopes(requested: str | None) -> list[str]:
    """Return the scopes to grant for a space-separated request.

    Unknown ones are left out, not refused: clients add their own (`offline_access`). Reading is always granted, and a
    request that names neither scope gets both.
    """
    known = [scope for scope in SCOPES if scope in (requested or "").split()]
    if not known:
        return list(SCOPES)
    return [READ_SCOPE, WRITE_SCOPE] if WRITE_SCOPE in known else [READ_SCOPE]

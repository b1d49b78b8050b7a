"""The mode of access: whose key calls use, and what the log says about it at the start."""

import logging
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from qarnot_mcp.settings.fields import LOOPBACK_HOSTS

Mode = Literal["key", "oauth"]


@dataclass(frozen=True)
class Announcement:
    """A line for the log at the start, with its level as `logging` numbers them."""

    level: int
    text: str


def choose_mode(auth: Literal["auto", "key", "oauth"], api_key: SecretStr | None, public_url: str | None) -> Mode:
    """Return the mode that is set; `auto` means `oauth` for a public server without a key of its own, else `key`."""
    if auth != "auto":
        return auth
    return "oauth" if api_key is None and public_url is not None else "key"


def announce_access(
    mode: Mode,
    *,
    api_key: SecretStr | None,
    public_url: str | None,
    host: str,
    port: int,
    path: str,
    is_simulated: bool = False,
) -> list[Announcement]:
    """Return the lines that say which mode is on, which address to connect to, and what is dangerous about it."""
    lines = [Announcement(logging.INFO, _about_mode(mode, api_key, is_simulated=is_simulated))]
    local = f"http://localhost:{port}{path}"
    if public_url is None:
        lines.append(Announcement(logging.INFO, f"Connect MCP clients on this machine to {local}"))
    else:
        lines.append(Announcement(logging.INFO, f"Paste this address into Claude as a connector: {public_url}{path}"))
    if mode == "oauth" and public_url is None:
        lines.append(
            Announcement(
                logging.WARNING,
                "No public address is known, so only clients on this machine can sign in. Set QARNOT_MCP_PUBLIC_URL "
                "to the https address under which people reach this server.",
            )
        )
    if (
        mode == "key"
        and api_key is not None
        and not is_simulated
        and (public_url is not None or host not in LOOPBACK_HOSTS)
    ):
        where = f"{public_url}{path}" if public_url else f"port {port} of {host}"
        lines.append(
            Announcement(
                logging.WARNING,
                f"Everybody who can reach {where} can run tasks with QARNOT_API_KEY and spend its credits. "
                "Set QARNOT_MCP_AUTH=oauth to let people sign in with keys of their own.",
            )
        )
    return lines


def _about_mode(mode: Mode, api_key: SecretStr | None, *, is_simulated: bool) -> str:
    if mode == "oauth":
        unused = " (QARNOT_API_KEY is set, but not used in this mode)" if api_key is not None else ""
        return f"Access mode oauth: people sign in, and each call uses the caller's own Qarnot key{unused}."
    if is_simulated:
        return "Access mode key: a key that begins with sandbox is a simulated account; calls without one share one."
    if api_key is not None:
        return "Access mode key: a call uses the key of its own headers, else QARNOT_API_KEY."
    return "Access mode key: a call uses the key of its own headers; QARNOT_API_KEY is not set, so there is no other."

"""The public address of the server: set, or asked of the cloudflared that tunnels to it."""

import asyncio
import logging
import re
import time
from urllib.parse import urlsplit

from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.http.transport import fetch_json
from qarnot_mcp.settings.fields import LOOPBACK_HOSTS, SettingsError

WAIT_SECONDS = 30.0
PAUSE_SECONDS = 0.5
REQUEST_SECONDS = 3.0

log = logging.getLogger(__name__)

_HOSTNAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def checked_origin(public_url: str) -> str:
    """Return the public address as an origin, `https://host`; raise `SettingsError` if it cannot be used."""
    parts = urlsplit(public_url)
    if parts.path not in ("", "/"):
        raise SettingsError(
            f"QARNOT_MCP_PUBLIC_URL is {public_url!r}, which has a path: give the address alone, such as "
            f"{parts.scheme}://{parts.netloc}. QARNOT_MCP_PATH sets the path of the endpoint."
        )
    if parts.scheme != "https" and parts.hostname not in LOOPBACK_HOSTS:
        raise SettingsError(
            f"QARNOT_MCP_PUBLIC_URL is {public_url!r}, which is not https: keys and tokens must not travel in the "
            "clear. Put a proxy with a certificate in front and give its https address."
        )
    # As browsers write an origin: without the port that the scheme has anyway.
    standard_port = f":{443 if parts.scheme == 'https' else 80}"
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(standard_port)}"


async def find_public_url(
    public_url: str | None, tunnel_metrics_url: str | None, wait_seconds: float = WAIT_SECONDS
) -> str | None:
    """Return the public origin: the one that is set, else that of the quick tunnel, else None.

    cloudflared starts together with the server and learns its name after some seconds, so it is asked repeatedly
    (`GET /quicktunnel`), for at most `wait_seconds`. Raises `SettingsError` if `public_url` cannot be used.
    """
    if public_url is not None:
        return checked_origin(public_url)
    if tunnel_metrics_url is None:
        return None
    address = f"{tunnel_metrics_url.rstrip('/').removesuffix('/quicktunnel')}/quicktunnel"
    deadline = time.monotonic() + wait_seconds
    problem = "it has no host name yet"
    while True:
        try:
            hostname = _hostname_in(await fetch_json(address, REQUEST_SECONDS))
            if hostname is not None:
                return f"https://{hostname}"
        except QarnotError as error:
            problem = str(error)
        if time.monotonic() + PAUSE_SECONDS > deadline:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    log.warning(
        "cloudflared at %s did not tell the public address within %.0f s (%s). Set QARNOT_MCP_PUBLIC_URL, or look "
        "at cloudflared's own log.",
        tunnel_metrics_url,
        wait_seconds,
        problem,
    )
    return None


def _hostname_in(document: object) -> str | None:
    hostname = document.get("hostname") if isinstance(document, dict) else None
    if isinstance(hostname, str) and _HOSTNAME.fullmatch(hostname.lower()):
        return hostname.lower()
    return None

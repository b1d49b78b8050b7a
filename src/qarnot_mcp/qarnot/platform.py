"""The platform itself: its public settings."""

from typing import Any
from urllib.parse import urlsplit

from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import NounClient
from qarnot_mcp.qarnot.identifiers import UUID

CONSOLE = "https://tasq.qarnot.com"
CONSOLE_OF = "api.qarnot.com"


def console_url(api_url: str, task_uuid: str) -> str | None:
    """Return the page of a task in Qarnot's console; None for another API, of which no console is known."""
    if urlsplit(api_url).hostname != CONSOLE_OF or not UUID.fullmatch(task_uuid):
        return None
    return f"{CONSOLE}/tasks/{task_uuid}"


class PlatformClient(NounClient):
    """Calls about the platform; they take no key."""

    async def settings(self) -> dict[str, Any]:
        """Return the public settings (`GET /settings`); the cheapest way to learn whether the API can be reached."""
        resource = Resource("endpoint", "settings")
        return await self._session.get("/settings", resource, "the settings", _read_settings, keyless=True)


def _read_settings(document: object) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise UnreadableResponse("the settings are not an object")
    return document

"""What a client reads of the server before it connects: its card (SEP-2127), the catalogue that names it, its icons."""

from urllib.parse import urlsplit

from mcp_types.version import SUPPORTED_PROTOCOL_VERSIONS
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qarnot_mcp import __version__
from qarnot_mcp.server.icons import ICON_FILES, ICON_PATH, icon_bytes, server_icons

NAME = "io.github.qarnot/qarnot-mcp"
"""As the registry has it (server.json)."""
ABOUT = "Run, follow and debug batch computations on Qarnot: submit, read logs, explain failures."
SCHEMA = "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json"
CARD_TYPE = "application/mcp-server-card+json"
CATALOGUE = "/.well-known/ai-catalog.json"
EARLIER_CARD = "/.well-known/mcp/server-card.json"
"""Where the drafts of the proposal had the card, and where many tools still look."""
DOCUMENT_HEADERS = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}
# A drawing can be opened by itself, too: no script in it would run.
ICON_HEADERS = {
    **DOCUMENT_HEADERS,
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def server_card(origin: str, path: str) -> dict[str, object]:
    """Return the card of the server at an address."""
    return {
        "$schema": SCHEMA,
        "name": NAME,
        "title": "Qarnot",
        "description": ABOUT,
        "version": __version__,
        "websiteUrl": "https://qarnot.com",
        "repository": {"url": "https://github.com/qarnot/qarnot-mcp", "source": "github"},
        "icons": [icon.model_dump(mode="json", by_alias=True, exclude_none=True) for icon in server_icons(origin)],
        "remotes": [
            {
                "type": "streamable-http",
                "url": origin + path,
                "supportedProtocolVersions": list(SUPPORTED_PROTOCOL_VERSIONS),
            }
        ],
    }


def catalogue(origin: str, path: str) -> dict[str, object]:
    """Return the catalogue of the host: it has this one server."""
    host = urlsplit(origin).hostname
    card = f"{origin}{path}/server-card"
    return {
        "specVersion": "1.0",
        "entries": [{"identifier": f"urn:air:{host}:mcp:qarnot-mcp", "type": CARD_TYPE, "url": card}],
    }


class PublicDocuments:
    """Middleware that serves what anybody may read, from pages of any origin and under any name of the host."""

    def __init__(self, app: ASGIApp, origin: str, path: str) -> None:
        self._app = app
        card = JSONResponse(server_card(origin, path), media_type=CARD_TYPE, headers=DOCUMENT_HEADERS)
        self._documents: dict[str, Response] = {
            f"{path}/server-card": card,
            EARLIER_CARD: card,
            CATALOGUE: JSONResponse(catalogue(origin, path), headers=DOCUMENT_HEADERS),
            **{
                ICON_PATH + name: Response(icon_bytes(name), media_type=kind, headers=ICON_HEADERS)
                for name, kind in ICON_FILES.items()
            },
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        document = self._documents.get(scope["path"]) if scope["type"] == "http" else None
        if document is None or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        await document(scope, receive, send)

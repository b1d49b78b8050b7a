"""The discovery documents: where clients read how to sign in."""

from collections.abc import Iterator

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, request_response

from qarnot_mcp.auth.mode import SCOPES

RESOURCE_DOCUMENT = "/.well-known/oauth-protected-resource"
SERVER_DOCUMENTS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
CACHE_SECONDS = 300


def resource_document(origin: str, resource: str) -> dict[str, object]:
    """Return the protected-resource document (RFC 9728)."""
    return {
        "resource": resource,
        "resource_name": "Qarnot",
        "authorization_servers": [origin],
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
    }


def server_document(origin: str) -> dict[str, object]:
    """Return the authorization server's metadata (RFC 8414).

    Claude uses client metadata documents only if both `none` and `client_id_metadata_document_supported` are there.
    """
    return {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/authorize",
        "token_endpoint": f"{origin}/token",
        "registration_endpoint": f"{origin}/register",
        "revocation_endpoint": f"{origin}/revoke",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "client_id_metadata_document_supported": True,
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["en", "fr"],
    }


def discovery_routes(origin: str, path: str) -> Iterator[Route]:
    """Yield the routes at every place where clients look: at the root, and followed by the endpoint's path."""
    about_resource = resource_document(origin, origin + path)
    about_server = server_document(origin)
    for suffix in ("", path, f"{path}/"):
        yield _document_route(RESOURCE_DOCUMENT + suffix, about_resource)
        for place in SERVER_DOCUMENTS:
            yield _document_route(place + suffix, about_server)


def _document_route(path: str, document: dict[str, object]) -> Route:
    async def respond(request: Request) -> Response:
        return JSONResponse(document, headers={"Cache-Control": f"public, max-age={CACHE_SECONDS}"})

    app = CORSMiddleware(request_response(respond), allow_origins=["*"], allow_methods=["GET"], allow_headers=["*"])
    return Route(path, endpoint=app, methods=["GET", "OPTIONS"])

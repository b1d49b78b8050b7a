"""The web application: the MCP endpoint, its probes, and who may reach them from where."""

import logging
from functools import partial
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from qarnot_mcp.auth.caller import resolve_key
from qarnot_mcp.auth.mode import choose_mode
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.http.transport import Limits, Transport
from qarnot_mcp.qarnot.storage.pool import StoragePool
from qarnot_mcp.server.app import create_server
from qarnot_mcp.server.connection import ToolOffer
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.tools.registry import REGISTRY
from qarnot_mcp.tools.toolset import Registry
from qarnot_mcp.web.files.requests import FilesLinks
from qarnot_mcp.web.files.routes import FilesPage
from qarnot_mcp.web.health import Readiness, health
from qarnot_mcp.web.ready_lists import ReadyLists
from qarnot_mcp.web.request_guard import RequestGuard
from qarnot_mcp.web.response_form import ResponseForm
from qarnot_mcp.web.server_card import PublicDocuments
from qarnot_mcp.web.step_up import ScopeStepUp

log = logging.getLogger("qarnot_mcp.web.app")


def create_app(
    settings: Settings,
    *,
    simulation: ASGIApp | None = None,
    public_url: str | None = None,
    registry: Registry = REGISTRY,
) -> ASGIApp:
    """Build the ASGI application: the MCP server behind its guards.

    It is stateless, so that a restart breaks no client. `simulation` replaces the API. `public_url`, the origin under
    which the world reaches the server, is an allowed host and origin. Raises `SettingsError` for an unusable setting.
    """
    transport = open_transport(settings, simulation)
    offer = ToolOffer.of(registry, settings)
    mode = choose_mode(settings.auth, public_url)
    key_of_call = partial(resolve_key, mode, settings.api_key)
    origin = public_url or f"http://localhost:{settings.port}"
    further: list[Middleware] = []
    auth, sealing_secrets = None, settings.secret_key
    if mode == "oauth":
        # Only here: a server without sign-in starts a tenth sooner and holds less without them.
        from qarnot_mcp.auth.oauth.sealing import load_secrets
        from qarnot_mcp.auth.provider import create_provider

        secrets = load_secrets(settings.secret_key, settings.secret_file)
        if secrets.notice is not None:
            log.log(secrets.notice.level, secrets.notice.text)
        sealing_secrets = list(secrets.values)
        auth = create_provider(settings, origin, secrets, partial(account_of, transport))
        further.append(Middleware(ScopeStepUp, offer=offer, origin=origin, path=settings.path))
    storage = StoragePool(is_retrying=settings.retry_seconds > 0)
    links = FilesLinks(origin, sealing_secrets) if "storage" in offer.offered else None
    server = create_server(
        settings,
        transport,
        key_of_call,
        auth,
        registry,
        origin,
        storage=storage,
        files_link=None if links is None else links.make,
    )
    server.custom_route("/health", methods=["GET"])(health)
    server.custom_route("/ready", methods=["GET"])(Readiness(transport).respond)
    if links is not None:
        FilesPage(links, transport, storage, read_only=settings.read_only).add_to(server.custom_route)
    hosts, origins = list(settings.allowed_hosts), list(settings.allowed_origins)
    if public_url:
        hosts.append(urlsplit(public_url).hostname or "")
        origins.append(public_url)
    app = server.http_app(
        path=settings.path,
        stateless_http=True,
        host_origin_protection=True,
        allowed_hosts=hosts,
        allowed_origins=origins,
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=origins,
                allow_origin_regex=r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?",
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["*"],
                expose_headers=["mcp-session-id", "www-authenticate"],
                allow_private_network=True,  # a page beside the server on a private network, of an allowed origin
            ),
            *further,
            Middleware(ReadyLists, path=settings.path, signed_in=auth is not None),
        ],
    )
    # A redirect to the address without its last slash names http:// behind a TLS proxy: what is not there is not found.
    app.router.redirect_slashes = False
    formed = ResponseForm(app, prefer_json=settings.json_responses)
    return RequestGuard(PublicDocuments(formed, origin, settings.path), settings.path)


def open_transport(settings: Settings, simulation: ASGIApp | None = None) -> Transport:
    """Build the transport to the API with the limits of the settings; it connects when it is entered."""
    limits = Limits(
        connect_seconds=settings.connect_timeout_seconds,
        read_seconds=settings.read_timeout_seconds,
        call_seconds=settings.call_timeout_seconds,
        retry_budget_seconds=settings.retry_seconds,
        max_log_bytes=settings.max_log_bytes,
        max_calls_in_flight=settings.max_calls_in_flight,
    )
    return Transport(settings.base_url, settings.api_version, limits=limits, application=simulation)


async def account_of(transport: Transport, key: SecretStr) -> str:
    """Return the e-mail address of a key's account (`GET /info`); raise `KeyRefused` for an unknown key."""
    return (await QarnotClient(transport, key).account.get()).email

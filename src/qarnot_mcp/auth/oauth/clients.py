"""The clients that ask for a sign-in: registered ones, sealed into their ids, and those with a metadata document."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property
from threading import Thread

from fastmcp.server.auth.cimd import CIMDDocument, CIMDFetcher, CIMDFetchError, CIMDValidationError
from httpx2 import InvalidURL
from mcp.server.auth.provider import RegistrationError
from mcp.shared.auth import InvalidRedirectUriError, OAuthClientInformationFull
from pydantic import AnyUrl

from qarnot_mcp.auth.mode import SCOPES, granted_scopes
from qarnot_mcp.auth.oauth.redirects import MAX_PROPOSED, is_allowed, is_same_redirect, setting_for
from qarnot_mcp.auth.oauth.sealing import Registration, Sealer
from qarnot_mcp.text.cleaning import one_line

MAX_NAME_CHARACTERS = 60
MAX_REDIRECTS = 10
FETCH_SECONDS = 5.0
MAX_FETCHES = 8
# A look-up of a name outlives the fetch that gave up on it, for as long as the resolver tries.
MAX_LOOKUPS = 4 * MAX_FETCHES
UNNAMED = "An MCP client"

# These clients always send their document, even to a server that cannot reach the internet. Their callbacks stay on
# the person's machine, so accepting them without the document opens nothing.
LOCAL_CLIENTS = {
    "https://claude.ai/oauth/claude-code-client-metadata": "Claude Code",
    "https://chatgpt.com/oauth/codex/client.json": "Codex",
}
LOCAL_REDIRECTS = ["http://localhost/callback", "http://127.0.0.1/callback"]

logger = logging.getLogger(__name__)


class UnreadableDocument(Exception):  # noqa: N818 - a state of the document, not a mistake
    """The document cannot be fetched, or is not one; the text says why."""


class ClientDocuments:
    """Fetch documents within one time limit each and a few at once, in an event loop of their own.

    FastMCP looks names up in the default threads of the running loop. In the server's loop a name that a stranger lets
    hang would keep a thread from everybody else's look-ups.
    """

    def __init__(
        self, fetch: Callable[[str], Awaitable[CIMDDocument]] | None = None, *, fetch_seconds: float = FETCH_SECONDS
    ) -> None:
        self._fetch = fetch or CIMDFetcher(timeout=fetch_seconds).fetch
        self._fetch_seconds = fetch_seconds
        self._places = asyncio.Semaphore(MAX_FETCHES)

    async def read(self, address: str) -> CIMDDocument:
        """Return the document at an address; raises `UnreadableDocument`."""
        try:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._read(address), self._loop))
        except TimeoutError:
            raise UnreadableDocument(f"it did not arrive within {self._fetch_seconds:g} s") from None
        except (CIMDFetchError, CIMDValidationError, InvalidURL, OSError) as error:
            raise UnreadableDocument(str(error)) from error
        except (ValueError, OverflowError, RecursionError) as error:  # an impossible name, date, number or nesting
            raise UnreadableDocument(f"it is malformed ({type(error).__name__})") from error

    def close(self) -> None:
        """End the event loop, if it has begun."""
        if "_loop" in self.__dict__:
            self._loop.call_soon_threadsafe(self._loop.stop)

    async def _read(self, address: str) -> CIMDDocument:
        async with asyncio.timeout(self._fetch_seconds), self._places:
            return await self._fetch(address)

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(MAX_LOOKUPS, thread_name_prefix="client-documents"))

        def run() -> None:
            with closing(loop):
                loop.run_forever()

        Thread(target=run, name="client-documents", daemon=True).start()
        return loop


class PublicClient(OAuthClientInformationFull):
    """A client without a secret; unknown scopes are dropped instead of refused."""

    def validate_scope(self, requested_scope: str | None) -> list[str]:
        """Return the scopes to grant."""
        return granted_scopes(requested_scope)

    def validate_redirect_uri(self, redirect_uri: AnyUrl | None) -> AnyUrl:
        """Return the callback to use; raises `InvalidRedirectUriError` for one that the client did not register."""
        registered = self.redirect_uris or []
        if redirect_uri is None:
            if len(registered) == 1:
                return registered[0]
            raise InvalidRedirectUriError("redirect_uri is missing: give one of the registered callbacks.")
        if any(is_same_redirect(str(redirect_uri), str(one)) for one in registered):
            return redirect_uri
        raise InvalidRedirectUriError(f"redirect_uri {str(redirect_uri)[:200]} is not a registered callback.")


class Clients:
    """Find every client without storing any: an id is the sealed registration, or the address of a document."""

    def __init__(self, sealer: Sealer, redirects: Iterable[str] = (), documents: ClientDocuments | None = None) -> None:
        self._sealer = sealer
        self._redirects = tuple(redirects)
        self._documents = documents or ClientDocuments()

    def close(self) -> None:
        """End what fetches documents."""
        self._documents.close()

    def register(self, client: OAuthClientInformationFull) -> None:
        """Turn a registration request, in place, into what was registered: a public client with a sealed id.

        Callbacks that are not allowed are left out. Raises `RegistrationError` when none is left.
        """
        requested = [str(uri) for uri in client.redirect_uris or []]
        allowed = [uri for uri in requested if is_allowed(uri, self._redirects)][:MAX_REDIRECTS]
        if not allowed:
            refusal = _not_allowed(requested)
            logger.warning("A client was not registered. %s", refusal)
            raise RegistrationError("invalid_redirect_uri", refusal)
        name = _cleaned_name(client.client_name)
        client.client_id = self._sealer.seal(Registration(name=name, redirect_uris=allowed))
        client.client_name = name
        client.redirect_uris = [AnyUrl(uri) for uri in allowed]
        client.token_endpoint_auth_method = "none"  # noqa: S105
        client.client_secret = None
        client.client_secret_expires_at = None
        client.scope = " ".join(SCOPES)

    async def find(self, client_id: str) -> PublicClient | None:
        """Return the client with this id, or None for one that is unknown."""
        return await self._find_by_document(client_id) if _is_address(client_id) else self.claimed(client_id)

    def claimed(self, client_id: str) -> PublicClient | None:
        """Return the client as the token endpoint needs it, or None for an id that was never issued.

        No document is read: a code or token holds the id of its client, and only that is compared. So a document that
        cannot be reached for a while signs nobody out.
        """
        if _is_address(client_id):
            return self._client(client_id, UNNAMED, [])
        registration = self._sealer.open(Registration, client_id)
        if registration is None:
            return None
        return self._client(client_id, registration.name, registration.redirect_uris)

    async def _find_by_document(self, address: str) -> PublicClient | None:
        try:
            document = await self._documents.read(address)
        except UnreadableDocument as error:
            logger.warning(
                "The client's document at %s cannot be read: %s", one_line(address, 200), one_line(str(error), 200)
            )
            name = LOCAL_CLIENTS.get(address)
            return None if name is None else self._client(address, name, LOCAL_REDIRECTS)
        if document.token_endpoint_auth_method != "none":  # noqa: S105
            logger.warning(
                "The client at %s wants private_key_jwt; only public ones can sign in", one_line(address, 200)
            )
            return None
        client = self._client(address, _cleaned_name(document.client_name), document.redirect_uris)
        if not client.redirect_uris:
            logger.warning(
                "The client at %s cannot sign in. %s", one_line(address, 200), _not_allowed(document.redirect_uris)
            )
        return client

    def _client(self, client_id: str, name: str, redirect_uris: list[str]) -> PublicClient:
        """Return the client; callbacks are checked again, since the list of allowed ones may have become shorter."""
        return PublicClient(
            client_id=client_id,
            client_name=name,
            redirect_uris=[AnyUrl(uri) for uri in redirect_uris if is_allowed(uri, self._redirects)],
            token_endpoint_auth_method="none",  # noqa: S106
            scope=" ".join(SCOPES),
        )


def _is_address(client_id: str) -> bool:
    return client_id.startswith("https://")


def _cleaned_name(name: str | None) -> str:
    """Return a name that can be shown: one line, printable, bounded."""
    return one_line(name or "", MAX_NAME_CHARACTERS) or UNNAMED


def _not_allowed(requested: list[str]) -> str:
    """Return why a client cannot sign in, with the setting that would let it."""
    line = setting_for(requested)
    if line is None:
        shown = ", ".join(one_line(uri, 100) for uri in requested[:MAX_PROPOSED]) or "none"
        return f"No callback of this client can be used (given: {shown}): give https addresses without a fragment."
    return f"No callback of this client is allowed. The operator of this server can allow it with {line}"

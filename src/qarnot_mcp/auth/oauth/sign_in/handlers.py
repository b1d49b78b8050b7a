"""The sign-in page's requests: show it, take the key, verify it, send the browser back to the client."""

import hashlib
import hmac
import logging
import math
import secrets

from fastmcp.server.auth.redirect_validation import build_client_redirect
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from qarnot_mcp.auth.mode import READ_SCOPE
from qarnot_mcp.auth.oauth.responses import NO_STORE, Handler, address_of, bounded, form_only
from qarnot_mcp.auth.oauth.sealing import SignInForm, SignInRequest
from qarnot_mcp.auth.oauth.session_store import StoreUnavailable
from qarnot_mcp.auth.oauth.sign_in.page import error_page, page_headers, sign_in_page
from qarnot_mcp.auth.oauth.sign_in.texts import Texts, texts_for
from qarnot_mcp.auth.oauth.throttle import Throttle
from qarnot_mcp.auth.oauth.tokens import SIGN_IN_PATH, TokenIssuer
from qarnot_mcp.metrics.recorder import recorder
from qarnot_mcp.qarnot.errors import KeyRefused, MalformedKey, QarnotError
from qarnot_mcp.qarnot.identifiers import check_key

COOKIE_SECONDS = 900

logger = logging.getLogger(__name__)


class SignInPage:
    """The page on which a person gives a Qarnot API key."""

    def __init__(self, tokens: TokenIssuer, throttle: Throttle) -> None:
        self._tokens = tokens
        self._throttle = throttle
        self._secure = tokens.origin.startswith("https://")
        # The prefix keeps other hosts of the same domain from planting a cookie; it exists with https only.
        self._cookie = "__Host-qarnot-mcp-sign-in" if self._secure else "qarnot-mcp-sign-in"

    def routes(self) -> list[Route]:
        """Return the page's routes."""
        return [
            Route(SIGN_IN_PATH, endpoint=self.show, methods=["GET"]),
            Route(SIGN_IN_PATH, endpoint=bounded(form_only(self.submit)), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Respond with the page for the request in the address."""
        texts = texts_for(request.headers.get("accept-language", ""))
        asked = self._tokens.sealer.open(SignInRequest, request.query_params.get("request", ""))
        if asked is None or asked.resource != self._tokens.resource:
            return self._refusal(texts, 400, texts.expired)
        return self._form(request, texts, asked, 200)

    async def submit(self, request: Request) -> Response:
        """Take the form: respond 303 back to the client, or the page again with what was wrong."""
        texts = texts_for(request.headers.get("accept-language", ""))
        fields = await request.form()
        form = self._tokens.sealer.open(SignInForm, str(fields.get("form", "")))
        if form is None or form.request.resource != self._tokens.resource:
            return self._refusal(texts, 400, texts.expired)
        if not hmac.compare_digest(form.browser, _digest(request.cookies.get(self._cookie, ""))):
            return self._form(request, texts, form.request, 403, texts.other_browser)
        if fields.get("answer") == "cancel":
            return self._back(form.request, {"error": "access_denied"})
        try:
            key = check_key(str(fields.get("key", "")).strip())
        except MalformedKey:
            return self._form(request, texts, form.request, 400, texts.malformed_key)
        scopes = [READ_SCOPE] if fields.get("read_only") else form.request.scopes
        return await self._sign_in(request, texts, form.request, key, scopes)

    async def _sign_in(
        self, request: Request, texts: Texts, asked: SignInRequest, key: SecretStr, scopes: list[str]
    ) -> Response:
        address = address_of(request)
        wait_seconds = self._throttle.begin_try(address)
        if wait_seconds > 0:
            logger.warning("%s has to wait: too many wrong keys", address)
            seconds = math.ceil(wait_seconds)
            page = self._form(request, texts, asked, 429, texts.too_many.format(seconds=seconds))
            page.headers["Retry-After"] = str(seconds)
            return page
        was_wrong = False
        try:
            await self._tokens.verify_key(key)
        except KeyRefused:
            was_wrong = True
            recorder().add("sign_ins", "refused")
            logger.warning("Qarnot refused a key that was given from %s", address)
            return self._form(request, texts, asked, 403, texts.wrong_key)
        except QarnotError as error:
            logger.warning("A key could not be checked: %s", error)
            recorder().add("sign_ins", "unavailable")
            return self._form(request, texts, asked, 503, texts.unavailable)
        finally:
            self._throttle.end_try(address, was_wrong=was_wrong)
        try:
            code = await self._tokens.issue_code(asked, key, scopes)
        except StoreUnavailable as error:
            logger.error("The store of the sign-in does not respond: %s", error)
            recorder().add("sign_ins", "unavailable")
            return self._form(request, texts, asked, 503, texts.unavailable)
        recorder().add("sign_ins", "ok")
        return self._back(asked, {"code": code})

    def explain_refusals(self, authorize: Handler) -> Handler:
        """Wrap the SDK's `/authorize`: its refusals become a page for a browser, its redirects carry `iss`."""

        async def handle(request: Request) -> Response:
            response = await authorize(request)
            target = response.headers.get("location")
            if target is not None and not target.startswith(f"{self._tokens.origin}{SIGN_IN_PATH}?"):
                response.headers["location"] = build_client_redirect(target, {}, iss=self._tokens.origin)
            if response.status_code != 400 or "text/html" not in request.headers.get("accept", ""):
                return response
            texts = texts_for(request.headers.get("accept-language", ""))
            asked = request.query_params if request.method == "GET" else await request.form()
            client = await self._tokens.get_client(str(asked.get("client_id", "")))
            if client is None:
                return self._refusal(texts, 400, texts.unknown_client)
            # Everything else that can be wrong goes back to the client as a redirect.
            return self._refusal(texts, 400, texts.foreign_redirect)

        return handle

    def _form(
        self, request: Request, texts: Texts, asked: SignInRequest, status: int, error: str | None = None
    ) -> Response:
        """Return the page; the browser keeps its cookie, so that two open pages do not spoil each other."""
        browser = request.cookies.get(self._cookie, "")
        if len(browser) != 43:
            browser = secrets.token_urlsafe(32)
        form = SignInForm(expires_at=asked.expires_at, request=asked, browser=_digest(browser))
        response = HTMLResponse(
            sign_in_page(texts, asked, self._tokens.sealer.seal(form), error), status, headers=page_headers()
        )
        response.set_cookie(
            self._cookie, browser, max_age=COOKIE_SECONDS, secure=self._secure, httponly=True, samesite="lax"
        )
        return response

    def _refusal(self, texts: Texts, status: int, message: str) -> Response:
        return HTMLResponse(error_page(texts, message), status, headers=page_headers())

    def _back(self, asked: SignInRequest, parameters: dict[str, str]) -> Response:
        if asked.state is not None:
            parameters["state"] = asked.state
        target = build_client_redirect(asked.redirect_uri, parameters, iss=self._tokens.origin)
        return RedirectResponse(target, 303, headers={**NO_STORE, "Referrer-Policy": "no-referrer"})


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()

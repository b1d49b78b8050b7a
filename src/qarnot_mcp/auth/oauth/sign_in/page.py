"""The sign-in page as HTML: one card, no script, readable on a phone and on a desk, in light and in dark."""

import base64
import hashlib
from functools import cache
from html import escape
from importlib.resources import files

from qarnot_mcp.auth.mode import WRITE_SCOPE
from qarnot_mcp.auth.oauth.redirects import is_on_this_machine, place_of
from qarnot_mcp.auth.oauth.sealing import SignInRequest
from qarnot_mcp.auth.oauth.sign_in.texts import Texts
from qarnot_mcp.qarnot.errors import KEYS

MARK = (
    '<svg class="mark" viewBox="0 0 44 44" aria-hidden="true"><rect width="44" height="44" rx="11"/>'
    '<path d="M29.5 29.5 34 34M31 22a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z" stroke-width="3.6" stroke-linecap="round"/></svg>'
)


def page_headers() -> dict[str, str]:
    """Return the headers of the page: no script, no frame, no cache, no referrer for other sites.

    There is no `form-action`: browsers check it against every redirect that follows the form, and a client's callback
    may forward to an address that no policy can name, such as `claude://...` or `http://[::1]:port`. All text in
    the page is escaped, so nobody else can put a form into it. The referrer policy is `same-origin`: with
    `no-referrer` browsers send `Origin: null` with the form, which the origin guard could not tell from a foreign site.
    """
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_style_digest()}'; frame-ancestors 'none'; base-uri 'none'"
        ),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }


def sign_in_page(texts: Texts, request: SignInRequest, form: str, error: str | None = None) -> str:
    """Return the page that asks for the key."""
    client = escape(request.client_name)
    wrong = ' aria-invalid="true"' if error else ""
    described = "key-error key-help" if error else "key-help"
    may_write = f"<li>{texts.may_write}</li>" if WRITE_SCOPE in request.scopes else ""
    place = f"<strong>{escape(place_of(request.redirect_uri))}</strong>"
    if is_on_this_machine(request.redirect_uri):
        place += f" ({texts.returns_here})"
    return _document(
        texts,
        texts.title,
        f"""
<p class="wants">{texts.wants.format(client=f"<strong>{client}</strong>")}</p>
<p class="wants">{texts.returns_to} {place}.</p>
<ul><li>{texts.may_read}</li>{may_write}</ul>
{_error_box(error)}
<form method="post" action="/login" autocomplete="off">
<input type="hidden" name="form" value="{escape(form)}">
<label class="field" for="key">{texts.key_label}</label>
<input id="key" name="key" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="512"
 required autofocus aria-describedby="{described}"{wrong}>
<p class="help" id="key-help">{texts.key_help}
<a href="{KEYS}" target="_blank" rel="noopener noreferrer">{texts.key_link}</a>.</p>
{_read_only_choice(texts, request)}
<div class="actions"><button class="go" name="answer" value="sign-in">{texts.sign_in}</button>
<button class="stop" name="answer" value="cancel" formnovalidate>{texts.cancel}</button></div>
</form>
<p class="promise">{texts.promise.format(client=client)}</p>""",
    )


def error_page(texts: Texts, message: str) -> str:
    """Return a page for a sign-in that cannot continue."""
    return _document(texts, texts.cannot_sign_in, _error_box(message))


@cache
def _style() -> str:
    return files("qarnot_mcp.auth.oauth.sign_in").joinpath("page.css").read_text()


@cache
def _style_digest() -> str:
    return base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()


def _document(texts: Texts, title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="{texts.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{_style()}</style></head><body><main>{MARK}<h1>{title}</h1>{content}</main></body></html>"
    )


def _error_box(message: str | None) -> str:
    return f'<p class="error" id="key-error" role="alert">{escape(message)}</p>' if message else ""


def _read_only_choice(texts: Texts, request: SignInRequest) -> str:
    if WRITE_SCOPE not in request.scopes:
        return ""
    return (
        f'<label class="choice"><input type="checkbox" name="read_only" value="yes"><span>{texts.read_only}</span>'
        f"<small>{texts.read_only_help}</small></label>"
    )

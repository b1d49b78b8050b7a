"""What is sealed between a client's first request and its tokens: one model for each step."""

from typing import Annotated, Literal

from pydantic import PlainSerializer, SecretStr

from qarnot_mcp.auth.oauth.sealing import Sealed

# The one place where a key is serialised: inside the sealed text.
SealedKey = Annotated[SecretStr, PlainSerializer(lambda key: key.get_secret_value(), return_type=str, when_used="json")]


class Registration(Sealed):
    """A registered client; sealed, it is the client's id."""

    purpose: Literal["client"] = "client"
    name: str
    redirect_uris: list[str]


class SignInRequest(Sealed):
    """What a client asked for at `/authorize`; sealed, it is the parameter of the sign-in page."""

    purpose: Literal["sign-in"] = "sign-in"
    client_id: str
    client_name: str
    redirect_uri: str
    redirect_uri_given: bool
    state: str | None = None
    scopes: list[str]
    code_challenge: str
    resource: str


class SignInForm(Sealed):
    """The request as the page's form carries it, tied to the browser that holds the cookie."""

    purpose: Literal["form"] = "form"
    request: SignInRequest
    browser: str


class Grant(Sealed):
    """What a code and both tokens hold: whose key, for which client, in which session."""

    session_id: str
    key: SealedKey
    client_id: str
    scopes: list[str]
    resource: str


class CodeGrant(Grant):
    """An authorization code: the right to fetch the first tokens of a session, once."""

    purpose: Literal["code"] = "code"
    id: str
    redirect_uri: str
    redirect_uri_given: bool
    code_challenge: str


class AccessGrant(Grant):
    """An access token: the right to call this server with the key inside."""

    purpose: Literal["access"] = "access"


class RefreshGrant(Grant):
    """A refresh token: the right to fetch the next tokens of its session, once.

    `predecessor` is the id of the refresh token that it was issued for.
    """

    purpose: Literal["refresh"] = "refresh"
    id: str
    predecessor: str | None = None


class FilesGrant(Sealed):
    """What a link to the files page holds: whose key, for which files of which server, and until when.

    It has an end of its own, so that a link that has expired can be told from one that was changed.
    """

    purpose: Literal["files"] = "files"
    key: SealedKey
    origin: str
    bucket: str
    prefix: str
    may_write: bool
    ends_at: float

"""What is sealed on the way from a client's first request to its tokens, one model for each step."""

from typing import Annotated, Literal

from pydantic import PlainSerializer, SecretStr

from qarnot_mcp.auth.oauth.sealing import Sealed

# The one place where a key is written out: inside the sealed text.
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


class SignInForm(Sealed):
    """The request as the page's form carries it, tied to the browser that holds the cookie."""

    purpose: Literal["form"] = "form"
    request: SignInRequest
    browser: str


class Code(Sealed):
    """An authorization code: the right to fetch the first tokens of a family, once."""

    purpose: Literal["code"] = "code"
    id: str
    family: str
    key: SealedKey
    client_id: str
    redirect_uri: str
    redirect_uri_given: bool
    scopes: list[str]
    code_challenge: str
    resource: str


class Access(Sealed):
    """An access token: the right to call this server with the key inside."""

    purpose: Literal["access"] = "access"
    family: str
    key: SealedKey
    client_id: str
    scopes: list[str]
    resource: str


class Refresh(Sealed):
    """A refresh token: the right to fetch the next tokens of its family, once."""

    purpose: Literal["refresh"] = "refresh"
    id: str
    family: str
    key: SealedKey
    client_id: str
    scopes: list[str]
    resource: str

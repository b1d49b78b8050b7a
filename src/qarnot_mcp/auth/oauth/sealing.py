"""Sealed values: JSON that only this server and its replicas can make or read, so nothing has to be stored.

Each step from a client's first request to its tokens has a model of its own.
"""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, PlainSerializer, SecretStr, ValidationError

MAX_SEALED_CHARACTERS = 16_384
# The one place where a key is serialised: inside the sealed text.
SealedKey = Annotated[SecretStr, PlainSerializer(lambda key: key.get_secret_value(), return_type=str, when_used="json")]


class Sealed(BaseModel):
    """A value that travels sealed; each subclass names its purpose with a `Literal`, which opening checks.

    `expires_at` is in seconds since 1970; None never expires.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: str
    expires_at: float | None = None


SealedT = TypeVar("SealedT", bound=Sealed)


class Sealer:
    """Seal with the first of the secrets and open with any of them, so that a secret can be replaced."""

    def __init__(self, secrets: Sequence[SecretStr], now: Callable[[], float] = time.time) -> None:
        self._fernet = MultiFernet([Fernet(_fernet_key(secret)) for secret in secrets])
        self.now = now

    def seal(self, value: Sealed) -> str:
        """Return the value as URL-safe text that cannot be read or changed without the secret."""
        token = self._fernet.encrypt(value.model_dump_json(exclude_none=True).encode())
        return token.decode().rstrip("=")

    def open(self, model: type[SealedT], sealed: str) -> SealedT | None:
        """Return the value, or None if it was changed, has expired, or was sealed elsewhere or for another purpose."""
        if len(sealed) > MAX_SEALED_CHARACTERS or not sealed.isascii():
            return None
        try:
            content = self._fernet.decrypt(sealed + "=" * (-len(sealed) % 4))
            value = model.model_validate_json(content)
        except (InvalidToken, ValidationError):
            return None
        if value.expires_at is not None and value.expires_at <= self.now():
            return None
        return value


def _fernet_key(secret: SecretStr) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"qarnot-mcp sealing 1").derive(
        secret.get_secret_value().encode()
    )
    return urlsafe_b64encode(derived)


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

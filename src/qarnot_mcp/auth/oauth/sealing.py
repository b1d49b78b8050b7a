"""Sealed values: JSON that only this server and its replicas can make or read, so nothing has to be stored."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

MAX_SEALED_CHARACTERS = 16_384


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

"""Sealed values: JSON that only this server and its replicas can make or read, so nothing has to be stored.

Each step from a client's first request to its tokens has a model of its own.
"""

import logging
import os
import secrets
import stat
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, PlainSerializer, SecretStr, ValidationError

from qarnot_mcp.auth.mode import Announcement
from qarnot_mcp.settings.fields import MIN_SECRET_CHARACTERS, SettingsError

MAX_SEALED_CHARACTERS = 16_384
MAX_SECRET_BYTES = 65_536
O_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # Windows has none
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

    def __init__(self, sealing_secrets: Sequence[SecretStr], now: Callable[[], float] = time.time) -> None:
        self._fernet = MultiFernet([Fernet(_fernet_key(secret)) for secret in sealing_secrets])
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


@dataclass(frozen=True)
class SealingSecrets:
    """The secrets, the sealing one first, and a line for the log if the operator should know something."""

    values: Sequence[SecretStr]
    notice: Announcement | None = None


def load_secrets(configured: Sequence[SecretStr], file: Path) -> SealingSecrets:
    """Return the configured secrets, or the one in `file`, which is created with mode 600 if it is missing.

    If no file can be written, the secret lives in memory only, and the notice says what that means.
    Raises `SettingsError` for a file that holds no secret, or one that is not this process's alone.
    """
    if configured:
        return SealingSecrets(configured)
    try:
        if (secret := read_secret(file)) is not None:
            return SealingSecrets([secret])
    except OSError as error:
        return _in_memory(f"{file} cannot be read ({error.strerror})")
    try:
        _create(file)
        secret = read_secret(file)
    except OSError as error:
        return _in_memory(f"{file} cannot be written ({error.strerror})")
    if secret is None:
        return _in_memory(f"{file} does not stay where it is written")
    notice = Announcement(logging.INFO, f"The secret that seals sign-ins was made, and is kept in {file}.")
    return SealingSecrets([secret], notice)


def read_secret(file: Path) -> SecretStr | None:
    """Return the secret in a file, or None if there is no such file.

    Raises `SettingsError` for a file whose content others may know or have chosen, or that is too short, and
    `OSError` for one that cannot be read.
    """
    try:
        # A pipe that nobody writes to would block the start.
        with open(file, "rb", opener=lambda path, flags: os.open(path, flags | O_NONBLOCK)) as opened:
            if (fault := _fault_of(os.fstat(opened.fileno()))) is not None:
                raise _unusable(file, fault)
            content = opened.read(MAX_SECRET_BYTES).decode(errors="replace").strip()
    except FileNotFoundError:
        if file.is_symlink():
            raise _unusable(file, "is a link to a file that does not exist") from None
        return None
    if len(content) < MIN_SECRET_CHARACTERS:
        raise _unusable(file, f"holds no secret of {MIN_SECRET_CHARACTERS} characters or more")
    return SecretStr(content)


def _fault_of(status: os.stat_result) -> str | None:
    """Return what makes a file unfit for a secret; links were followed. Only POSIX says whose a file is."""
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if os.name == "posix" and status.st_uid not in (os.geteuid(), 0):
        return "belongs to another user of this machine"
    if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"others can read or write (mode {stat.S_IMODE(status.st_mode):o}, not 600)"
    return None


def _unusable(file: Path, fault: str) -> SettingsError:
    return SettingsError(
        f"QARNOT_MCP_SECRET_FILE is {str(file)!r}, which {fault}: delete the file (a new one is made, and people sign "
        "in again) or set QARNOT_MCP_SECRET_KEY."
    )


def _create(file: Path) -> None:
    """Write a new secret, readable by its owner only; if another process was faster, its secret stays."""
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(draft, file)  # whole or not at all, unlike a file that is being written
    finally:
        Path(draft).unlink()


def _in_memory(why: str) -> SealingSecrets:
    notice = Announcement(
        logging.WARNING,
        f"{why}: the secret that seals sign-ins lives in memory only, so everybody has to sign in again after a "
        "restart. Set QARNOT_MCP_SECRET_KEY (for example to what `openssl rand -base64 48` prints) to change that.",
    )
    return SealingSecrets([SecretStr(secrets.token_urlsafe(48))], notice)

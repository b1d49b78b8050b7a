"""The secret that seals tokens: from the settings, or from a file that is created at the first start."""

import logging
import os
import secrets
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from qarnot_mcp.auth.mode import Announcement
from qarnot_mcp.settings.fields import MIN_SECRET_CHARACTERS, SettingsError

MAX_SECRET_BYTES = 65_536
O_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # Windows has none


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

"""The secret that seals tokens: from the settings, or from a file that is created at the first start."""

import logging
import os
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from qarnot_mcp.auth.mode import Announcement
from qarnot_mcp.settings.fields import MIN_SECRET_CHARACTERS, SettingsError


@dataclass(frozen=True)
class SealingSecrets:
    """The secrets, the sealing one first, and a line for the log if the operator should know something."""

    values: Sequence[SecretStr]
    notice: Announcement | None = None


def load_secrets(configured: Sequence[SecretStr], file: Path) -> SealingSecrets:
    """Return the configured secrets, or the one in `file`, which is created with mode 600 if it is missing.

    If no file can be written, the secret lives in memory only, and the notice says what that means.
    Raises `SettingsError` for a file that holds no secret.
    """
    if configured:
        return SealingSecrets(configured)
    try:
        return SealingSecrets([_read(file)])
    except FileNotFoundError:
        pass
    except OSError as error:
        return _in_memory(f"{file} cannot be read ({error.strerror})")
    try:
        _create(file)
    except OSError as error:
        return _in_memory(f"{file} cannot be written ({error.strerror})")
    notice = Announcement(logging.INFO, f"The secret that seals sign-ins was made, and is kept in {file}.")
    return SealingSecrets([_read(file)], notice)


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


def _read(file: Path) -> SecretStr:
    content = file.read_text(encoding="utf-8", errors="replace").strip()
    if len(content) < MIN_SECRET_CHARACTERS:
        raise SettingsError(
            f"QARNOT_MCP_SECRET_FILE is {str(file)!r}, which holds no secret of {MIN_SECRET_CHARACTERS} characters "
            "or more: delete the file (a new one is made) or set QARNOT_MCP_SECRET_KEY."
        )
    return SecretStr(content)


def _in_memory(why: str) -> SealingSecrets:
    notice = Announcement(
        logging.WARNING,
        f"{why}: the secret that seals sign-ins lives in memory only, so everybody has to sign in again after a "
        "restart. Set QARNOT_MCP_SECRET_KEY (for example to what `openssl rand -base64 48` prints) to change that.",
    )
    return SealingSecrets([SecretStr(secrets.token_urlsafe(48))], notice)

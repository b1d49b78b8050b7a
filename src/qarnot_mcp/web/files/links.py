"""Links to the files page: they carry what they allow, sealed, behind the `#` that browsers send to nobody."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pydantic import SecretStr

from qarnot_mcp.qarnot.storage.names import check_bucket, check_prefix
from qarnot_mcp.web.files.requests import PageRefused

if TYPE_CHECKING:
    # A server of which nobody asks for a link stays without them.
    from qarnot_mcp.auth.oauth.sealing import FilesGrant, Sealer

PATH = "/files"
MIN_SECONDS, MAX_SECONDS = 900, 86_400


class FilesLinks:
    """Makes links to the files page of this server, and opens what they carry.

    `origin` is the address of the server. Where there are no `sealing_secrets` a link ends with the process.
    """

    def __init__(
        self, origin: str, sealing_secrets: Sequence[SecretStr] = (), now: Callable[[], float] = time.time
    ) -> None:
        self.origin = origin
        self._secrets = sealing_secrets or [SecretStr(secrets.token_urlsafe(48))]
        self._now = now
        self._sealer: Sealer | None = None

    async def make(self, key: SecretStr, bucket: str, prefix: str, seconds: int, *, may_write: bool) -> str:
        """Return a link to the files of a bucket whose paths begin with a prefix, which is empty or a folder's.

        Whoever has it can use these files for `seconds`, 15 minutes to a day, with the rights of the key.
        """
        from qarnot_mcp.auth.oauth.sealing import FilesGrant

        seconds = min(max(seconds, MIN_SECONDS), MAX_SECONDS)
        grant = FilesGrant(
            key=key,
            origin=self.origin,
            bucket=check_bucket(bucket),
            prefix=check_prefix(folder(prefix)),
            may_write=may_write,
            ends_at=self._now() + seconds,
        )
        return f"{self.origin}{PATH}#{(await self._opened()).seal(grant)}"

    async def open(self, sealed: str) -> "FilesGrant":
        """Return what a link carries; raise `PageRefused` for one that was changed, is another server's, or is over."""
        from qarnot_mcp.auth.oauth.sealing import FilesGrant

        grant = (await self._opened()).open(FilesGrant, sealed)
        if grant is None or grant.origin != self.origin:
            message = "This link is not complete, or it is not one of this server. Ask the assistant for a new one."
            raise PageRefused("link", message)
        if grant.ends_at <= self._now():
            raise PageRefused("expired", "This link has expired. Ask the assistant for a new one.")
        return grant

    async def _opened(self) -> "Sealer":
        if self._sealer is None:
            self._sealer = await asyncio.to_thread(_load_sealer, self._secrets)
        return self._sealer


def folder(prefix: str) -> str:
    """Return the prefix of a folder, with a slash at its end; the empty one is the whole bucket."""
    return f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""


def _load_sealer(sealing_secrets: Sequence[SecretStr]) -> "Sealer":
    from qarnot_mcp.auth.oauth.sealing import Sealer

    return Sealer(sealing_secrets)

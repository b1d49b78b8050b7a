"""The two probes: whether the process lives, and whether it reaches the Qarnot API."""

import asyncio
import logging
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse

from qarnot_mcp import __version__
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.http.transport import Transport

log = logging.getLogger("qarnot_mcp.web.health")

CHECK_INTERVAL_SECONDS = 30.0
UNAVAILABLE = {"status": "unavailable", "reason": "The Qarnot API does not answer as it should; the log says more."}


async def health(_: Request) -> JSONResponse:
    """Return 200 while the process lives."""
    return JSONResponse({"status": "ok", "name": "qarnot-mcp", "version": __version__})


class Readiness:
    """Whether the API can be reached, checked at most every 30 s (`GET /settings`, which takes no key)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._checked_at: float | None = None
        self._is_ready = False
        self._checking = asyncio.Lock()

    async def respond(self, _: Request) -> JSONResponse:
        """Return 200 if the API was reached, else 503; requests that come during a check share it.

        Anybody may ask, so only the log says what the API answered.
        """
        async with self._checking:
            now = self._transport.clock()
            if self._checked_at is None or now - self._checked_at > CHECK_INTERVAL_SECONDS:
                try:
                    await QarnotClient(self._transport, None).platform.settings()
                    self._is_ready = True
                except QarnotError as error:
                    self._is_ready = False
                    log.warning("not ready: %s", error)
                self._checked_at = self._transport.clock()
        if not self._is_ready:
            return JSONResponse(UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE)
        return JSONResponse({"status": "ready"})

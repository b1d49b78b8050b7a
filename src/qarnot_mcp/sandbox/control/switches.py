"""The sandbox's own endpoints under `/sandbox`: faults, clock, revoked keys, assumptions and the journal of requests.

POST, GET, DELETE /sandbox/faults
GET, DELETE       /sandbox/journal
GET, POST         /sandbox/clock    {"advance_seconds": N}
POST              /sandbox/revoke   {"key": "sandbox-..."}
GET, POST         /sandbox/assumptions   {"name of a switch": true}
"""

import hashlib
from collections import deque
from dataclasses import asdict, fields

from qarnot_mcp.sandbox.api.routing import Response, error_response, json_response
from qarnot_mcp.sandbox.control.faults import Faults, read_fault
from qarnot_mcp.sandbox.platform.platform import MAX_ADVANCE_SECONDS, Platform
from qarnot_mcp.sandbox.wire.bodies import Body, parse_body
from qarnot_mcp.sandbox.wire.errors import ApiError, api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject, date_text

MAX_JOURNAL_ENTRIES = 10_000


def key_tag(key: str) -> str:
    """Return a short text that tells keys apart; empty for no key."""
    return hashlib.blake2b(key.encode(errors="replace"), digest_size=4).hexdigest() if key else ""


class Control:
    """The switches of one sandbox."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.faults = Faults()
        self.journal: deque[JsonObject] = deque(maxlen=MAX_JOURNAL_ENTRIES)
        """The requests that reached the API or the storage."""

    def respond(self, method: str, name: str, raw_body: bytes) -> Response:
        """Return the response of `/sandbox/{name}`."""
        try:
            return self._respond(method, name, raw_body)
        except ApiError as error:
            return error_response(error)

    def _respond(self, method: str, name: str, raw_body: bytes) -> Response:
        match method, name:
            case "GET" | "POST" | "DELETE", "faults":
                if method == "POST":
                    self.faults.add(read_fault(Body(parse_body(raw_body))))
                elif method == "DELETE":
                    self.faults.waiting.clear()
                return json_response(self.faults.listed())
            case "GET" | "DELETE", "journal":
                if method == "DELETE":
                    self.journal.clear()
                return json_response({"requests": list(self.journal), "count": len(self.journal)})
            case "GET" | "POST", "clock":
                if method == "POST":
                    self._advance(Body(parse_body(raw_body)))
                now, speed = self.platform.timestamp().now, self.platform.speed
                return json_response({"now": date_text(now), "now_seconds": now, "speed": speed})
            case "POST", "revoke":
                key = Body(parse_body(raw_body)).text("key", 200)
                if not key:
                    raise api_error(400, "'key' is missing")
                self.platform.revoke(key)
                return json_response({"revoked": key_tag(key)})
            case "GET" | "POST", "assumptions":
                if method == "POST":
                    self._assume(Body(parse_body(raw_body)))
                return json_response(asdict(self.platform.assumptions))
        raise api_error(
            404, "There are /sandbox/faults, /sandbox/journal, /sandbox/clock, /sandbox/revoke and /sandbox/assumptions"
        )

    def _assume(self, body: Body) -> None:
        for field in fields(self.platform.assumptions):
            value = body.flag(field.name)
            if value is not None:
                setattr(self.platform.assumptions, field.name, value)

    def _advance(self, body: Body) -> None:
        seconds = body.number("advance_seconds")
        if seconds is None or not 0 <= seconds <= MAX_ADVANCE_SECONDS:
            raise api_error(400, f"'advance_seconds' must be 0 to {MAX_ADVANCE_SECONDS}")
        self.platform.advance(seconds)

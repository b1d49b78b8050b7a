"""What a caller calls and has to read, counted in front of the server."""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CALLS_PATH = "/evals/calls"
_EVENT = re.compile(rb"^data: ?(\{.*\})\r?$", re.MULTILINE)


@dataclass
class Call:
    """One call of a tool: its arguments, and how many characters of text it answered."""

    tool: str
    arguments: dict[str, Any]
    characters: int = 0
    is_error: bool = False


@dataclass
class Recorder:
    """Middleware that keeps every call of a tool, and shows them at `CALLS_PATH`."""

    app: ASGIApp
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http" and scope["path"] == CALLS_PATH:
            await JSONResponse([asdict(call) for call in self.calls])(scope, receive, send)
            return
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        asked, answered = bytearray(), bytearray()

        async def receive_recorded() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def send_recorded(message: Message) -> None:
            answered.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, receive_recorded, send_recorded)
        self._keep(bytes(asked), bytes(answered))

    def _keep(self, asked: bytes, answered: bytes) -> None:
        try:
            request = json.loads(asked)
        except ValueError:
            return
        if not isinstance(request, dict) or request.get("method") != "tools/call":
            return
        call = Call(request["params"]["name"], request["params"].get("arguments") or {})
        events = _EVENT.findall(answered)
        result = json.loads(events[-1] if events else answered or b"{}").get("result", {})
        call.characters = sum(len(block.get("text", "")) for block in result.get("content", []))
        call.is_error = bool(result.get("isError"))
        self.calls.append(call)

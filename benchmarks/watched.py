"""The server as the soak runs it: as the command line does, and with a page that tells what the process holds."""

import argparse
import asyncio
import gc
import json
from collections import Counter

import psutil
from starlette.types import ASGIApp, Receive, Scope, Send

from qarnot_mcp.process.log_setup import configure_logging
from qarnot_mcp.process.serve import web_server
from qarnot_mcp.qarnot.http.callers import Places
from qarnot_mcp.settings.load import load_settings
from qarnot_mcp.web.app import create_app

PATH = "/held"
OF_A_CALL = ("CallRecord", "QarnotClient", "StreamedResponse", "ServerSession", "Visit")
"""Classes whose instances live no longer than one call."""


class Watched:
    """Answers `/held` with what the process holds, and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._process = psutil.Process()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http" and scope["path"] == PATH:
            gc.collect()
            tasks = sorted(getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks())
            known = gc.get_objects()
            names = Counter(type(thing).__name__ for thing in known)
            held = {
                "tasks": tasks,
                "files": self._process.num_fds(),
                "of_calls": {name: names[name] for name in OF_A_CALL},
                "places": sum(len(thing._callers) for thing in known if type(thing) is Places),
            }
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(held).encode()})
        else:
            await self._app(scope, receive, send)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    settings = load_settings(None, port=str(options.port))
    configure_logging(settings)
    web_server(Watched(create_app(settings)), settings).run()

"""The second floor: Starlette and httpx without MCP, which hand the API's answer on in the envelope of a tool's result.

It checks nothing, knows one caller, and writes the answer once, as text.
"""

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def create_forwarder(api_url: str) -> Starlette:
    """Build the application."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=api_url) as api:
            app.state.api = api
            yield

    async def respond(request: Request) -> JSONResponse:
        asked = await request.json()
        text = await forward(request.app.state.api, asked["params"]) if asked["method"] == "tools/call" else "{}"
        result = {"content": [{"type": "text", "text": text}]}
        return JSONResponse({"jsonrpc": "2.0", "id": asked["id"], "result": result})

    return Starlette(routes=[Route("/mcp", respond, methods=["POST"])], lifespan=lifespan)


async def forward(api: httpx.AsyncClient, call: dict[str, dict[str, str]]) -> str:
    """Return the API's answer to a call of `get_profile` or `get_task`."""
    (name,) = call["arguments"].values()
    noun = "profiles" if "profile_name" in call["arguments"] else "tasks"
    response = await api.get(f"/v1/{noun}/{name}", headers={"Authorization": "benchmark-key"})
    response.raise_for_status()
    return json.dumps(response.json())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-url", required=True)
    options = parser.parse_args()
    uvicorn.run(create_forwarder(options.api_url), host="127.0.0.1", port=options.port, log_level="warning")

"""A model behind Anthropic's Messages API, or one that speaks it, with the tools of a server."""

import os
from typing import Any

import httpx
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp_types import TextContent

API_URL = "https://api.anthropic.com/v1/messages"
API_VERSION = "2023-06-01"
KEY_VARIABLE = "ANTHROPIC_API_KEY"
MAX_TURNS = 30
MAX_TOKENS = 4096
SECONDS = 300


async def run(request: str, server_url: str, model: str, api_url: str = API_URL) -> str:
    """Give a request to a model, carry out the calls that it asks for, and return its last words.

    The key is read from `ANTHROPIC_API_KEY`. Raises `KeyError` without one, and `httpx.HTTPStatusError` where the API
    refuses.
    """
    headers = {"x-api-key": os.environ[KEY_VARIABLE], "anthropic-version": API_VERSION}
    async with (
        Client(StreamableHttpTransport(server_url, verify=False)) as client,
        httpx.AsyncClient(headers=headers, timeout=SECONDS) as http,
    ):
        tools = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
            for tool in await client.list_tools()
        ]
        body: dict[str, Any] = {"model": model, "max_tokens": MAX_TOKENS, "tools": tools}
        if client.instructions:
            body["system"] = client.instructions
        messages: list[dict[str, Any]] = [{"role": "user", "content": request}]
        for _ in range(MAX_TURNS):
            response = await http.post(api_url, json={**body, "messages": messages})
            response.raise_for_status()
            content = response.json()["content"]
            messages.append({"role": "assistant", "content": content})
            wanted = [block for block in content if block["type"] == "tool_use"]
            if not wanted:
                return "".join(block.get("text", "") for block in content)
            messages.append({"role": "user", "content": [await called(client, block) for block in wanted]})
    return ""


async def called(client: Client[StreamableHttpTransport], wanted: dict[str, Any]) -> dict[str, Any]:
    """Carry out one call, and return its result as the API takes it."""
    result = await client.call_tool(wanted["name"], wanted["input"], raise_on_error=False)
    text = "".join(block.text for block in result.content if isinstance(block, TextContent))
    return {"type": "tool_result", "tool_use_id": wanted["id"], "content": text, "is_error": result.is_error}

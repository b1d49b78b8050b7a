"""The calls of the benchmarks as bytes on the wire: MCP in both eras, and the direct call to the API."""

import json
from typing import Any, Literal

Era = Literal["modern", "legacy"]
ERAS: tuple[Era, ...] = ("modern", "legacy")
MODERN_VERSION = "2026-07-28"
LEGACY_VERSION = "2025-11-25"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def http_request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Write a request of HTTP/1.1 on a connection that is kept."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def mcp_request(era: Era, method: str, params: dict[str, Any], key: str | None = None) -> bytes:
    """Write a request of MCP; a server without sessions takes one of the legacy era without `initialize`."""
    headers = {"Accept": "application/json, text/event-stream"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    if era == "modern":
        headers |= {"MCP-Protocol-Version": MODERN_VERSION, "Mcp-Method": method}
        if "name" in params:
            headers["Mcp-Name"] = params["name"]
        params = params | {"_meta": META}
    else:
        headers["MCP-Protocol-Version"] = LEGACY_VERSION
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    return http_request("POST", "/mcp", headers, body)


def tool_call(era: Era, name: str, arguments: dict[str, Any], key: str | None = None) -> bytes:
    """Write a call of a tool."""
    return mcp_request(era, "tools/call", {"name": name, "arguments": arguments}, key)


def api_request(method: str, path: str, body: object = None) -> bytes:
    """Write a request to the API itself."""
    return http_request(
        method, path, {"Authorization": "benchmark-key"}, b"" if body is None else json.dumps(body).encode()
    )


def message_of(body: bytes) -> dict[str, Any]:
    """Read the JSON-RPC answer, which comes as JSON or as the last event of a stream."""
    if not body.startswith(b"{"):
        body = [line[5:] for line in body.splitlines() if line.startswith(b"data:")][-1]
    message: dict[str, Any] = json.loads(body)
    return message


def result_of(body: bytes) -> dict[str, Any]:
    """Read the result of a call that succeeded; raises `ValueError` with the answer of one that did not."""
    result: dict[str, Any] | None = message_of(body).get("result")
    if result is None or result.get("isError"):
        raise ValueError(f"the call failed: {body[:500]!r}")
    return result

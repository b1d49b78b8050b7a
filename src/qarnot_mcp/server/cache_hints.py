"""How long clients may keep what they are given, in the protocol's own words (`ttlMs`, `cacheScope`)."""

from typing import Any

from fastmcp import FastMCP
from mcp.server import CacheHint

LIST_SECONDS = 300
"""As the discovery documents of the sign-in: what can be listed changes with a new version of the server only."""
LISTS = ("server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list")


def add_cache_hints(server: FastMCP[Any]) -> None:
    """Let clients keep the lists for some minutes, each for its own sign-in and address; what is read stays fresh.

    FastMCP 4.1 takes one hint for all methods, reading the state of a task included. The attribute is private: a test
    fails when it stops working.
    """
    hint = CacheHint(ttl_ms=LIST_SECONDS * 1000, scope="private")
    server._mcp_server.cache_hints.update(dict.fromkeys(LISTS, hint))

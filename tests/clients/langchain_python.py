"""LangChain's adapter for MCP (Python), in an environment of its own: it wants an older SDK than the server."""

import asyncio
import json
import os

from langchain_mcp_adapters.client import MultiServerMCPClient

HEADERS = {"Authorization": f"Bearer {os.environ['KEY']}"}


async def main() -> None:
    """Load the tools and invoke one, as an agent would."""
    server = {"transport": "streamable_http", "url": os.environ["SERVER"], "headers": HEADERS}
    tools = await MultiServerMCPClient({"qarnot": server}).get_tools()
    listing = next(tool for tool in tools if tool.name == "list_profiles")
    answer = str(await listing.ainvoke({}))
    print(json.dumps({"tools": len(tools), "profiles": ["docker-batch"] if "docker-batch" in answer else []}))


asyncio.run(main())

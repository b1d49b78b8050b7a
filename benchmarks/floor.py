"""The floor: the barest FastMCP server that forwards calls through one shared httpx client.

It has the same eight tools as ours, because the hidden `tools/list` before each call costs what the tools cost; only
the three that are measured do anything. With `--only` it has one of them and answers plain JSON: the least that a
server of FastMCP can be.
"""

import argparse
from typing import Any

import httpx
from fastmcp import FastMCP


def create_floor(api: httpx.AsyncClient) -> FastMCP[Any]:
    """Build a server whose tools answer what the API answers."""
    server = FastMCP[Any]("floor")

    @server.tool
    async def get_profile(profile_name: str) -> dict[str, Any]:
        return await forward("GET", f"/v1/profiles/{profile_name}")

    @server.tool
    async def get_task(task_uuid: str) -> dict[str, Any]:
        return await forward("GET", f"/v1/tasks/{task_uuid}")

    @server.tool
    async def list_tasks(limit: int) -> dict[str, Any]:
        # The API answers 50 tasks at most, so that 100 take two requests here as well.
        tasks: list[Any] = []
        token = None
        while len(tasks) < limit:
            asked = {"filter": None, "token": token, "maximumResults": 50, "orderBy": "creationDate"}
            page = await forward("POST", "/v1/tasks/summaries/paginate", asked)
            tasks += page["data"]
            token = page["nextToken"]
        return {"tasks": tasks}

    @server.tool
    async def submit_task(
        name: str,
        profile: str,
        instance_count: int = 1,
        resource_buckets: list[str] | None = None,
        result_bucket: str | None = None,
        constants: dict[str, str] | None = None,
        tags: list[str] | None = None,
    ) -> dict[str, Any]:
        return {}

    @server.tool
    async def get_task_logs(task_uuid: str, log_type: str = "stdout", instance_id: int | None = None) -> dict[str, Any]:
        return {}

    @server.tool
    async def abort_task(task_uuid: str) -> dict[str, Any]:
        return {}

    @server.tool
    async def delete_task(task_uuid: str) -> dict[str, Any]:
        return {}

    @server.tool
    async def list_profiles() -> dict[str, Any]:
        return {}

    async def forward(method: str, path: str, body: object = None) -> dict[str, Any]:
        response = await api.request(method, path, json=body, headers={"Authorization": "benchmark-key"})
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    return server


async def cure(server: FastMCP[Any]) -> None:
    """Spares the hidden `tools/list` before each call of the modern era."""
    schemas = {tool.name: tool.parameters for tool in await server.list_tools(run_middleware=False)}
    server._mcp_server.get_tool_input_schema = schemas.get


async def keep_only(server: FastMCP[Any], tool: str) -> None:
    """Leave one tool."""
    for other in await server.list_tools(run_middleware=False):
        if other.name != tool:
            server.local_provider.remove_tool(other.name)


async def serve(port: int, api_url: str, *, cured: bool, only: str | None) -> None:
    """Serve as FastMCP itself does, without its access log."""
    async with httpx.AsyncClient(base_url=api_url) as api:
        server = create_floor(api)
        if only is not None:
            await keep_only(server, only)
        if cured:
            await cure(server)
        await server.run_http_async(
            show_banner=False,
            host="127.0.0.1",
            port=port,
            log_level="warning",
            stateless_http=True,
            json_response=only is not None,
        )


if __name__ == "__main__":
    import asyncio

    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-url", required=True)
    parser.add_argument("--cured", action="store_true", help="without the hidden tools/list")
    parser.add_argument("--only", help="the only tool, in plain JSON")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.api_url, cured=options.cured, only=options.only))

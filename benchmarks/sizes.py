"""Sizes: what a model has to read, in characters and estimated tokens."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.answers import PAGE_TASKS, TASKS, page, task, task_id
from benchmarks.connection import Connection
from benchmarks.parties import ours, upstream
from benchmarks.report import Table
from benchmarks.requests import mcp_request, result_of, tool_call

CHARACTERS_PER_TOKEN = 4
MOST_TASKS = 500
LOG_BYTES = 10 * 1000 * 1000


async def measure() -> list[Table]:
    """Measure the answers that a model reads most."""
    table = Table(
        "Sizes",
        "Characters of the text that a model reads, and tokens at four characters each, beside the characters of what "
        "the API answered for it. A list is read on with its cursor where it does not fit one answer.",
        ("answer", "characters", "tokens", "the API's characters", "ours / the API's"),
    )
    async with upstream(LOG_BYTES) as api, ours(api) as server:
        connection = await Connection.to(server.port)

        async def result(request: bytes) -> dict[str, Any]:
            _, body = await connection.exchange(request)
            return result_of(body)

        async def text(tool: str, arguments: dict[str, Any]) -> str:
            answer = await result(tool_call("modern", tool, arguments))
            return str(answer["content"][0]["text"])

        tools = (await result(mcp_request("modern", "tools/list", {})))["tools"]
        table.rows.append(row("`tools/list`", len(json.dumps(tools, separators=(",", ":"), ensure_ascii=False))))
        for count in (20, 100, TASKS):
            said, calls = await whole_list(text, count)
            api_said = sum(len(page(start, count - start)) for start in range(0, count, PAGE_TASKS))
            table.rows.append(row(f"`list_tasks`, {count} tasks in {calls} calls", said, api_said))
        for instances in (1, 100, 1000):
            said = len(await text("get_task", {"task_uuid": task_id(instances)}))
            table.rows.append(row(f"`get_task`, {instances} instances", said, len(task(instances))))
        said = len(await text("get_task_logs", {"task_uuid": task_id(1)}))
        table.rows.append(row(f"`get_task_logs`, {LOG_BYTES // 10**6} MB", said, LOG_BYTES))
        connection.close()
    return [table]


async def whole_list(text: Callable[[str, dict[str, Any]], Awaitable[str]], count: int) -> tuple[int, int]:
    """Read a number of tasks; return the characters, and the calls that it took."""
    said, calls, cursor = 0, 0, None
    while count > 0:
        arguments: dict[str, Any] = {"limit": min(MOST_TASKS, count)}
        answer = await text("list_tasks", arguments | ({"cursor": cursor} if cursor else {}))
        page_of_list = json.loads(answer)
        said, calls, cursor = said + len(answer), calls + 1, page_of_list.get("next_cursor")
        count -= page_of_list["count"]
    return said, calls


def row(name: str, characters: int, api_characters: int | None = None) -> list[str]:
    """Write one answer."""
    cells = [name, f"{characters:,}", f"{characters // CHARACTERS_PER_TOKEN:,}"]
    if api_characters is None:
        return [*cells, "", ""]
    return [*cells, f"{api_characters:,}", f"{characters / api_characters:.4f}"]

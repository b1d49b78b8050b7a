"""A host of MCP Apps for tests: it shows the dashboard in headless Chromium, on the real server and the sandbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastmcp import Client
from mcp_types import TextResourceContents
from playwright.async_api import Browser, ConsoleMessage, FrameLocator, Locator, Page, ViewportSize

from qarnot_mcp.dashboard.document import VIEW_URI
from tests.support.running_server import RunningServer

HOST_PAGE = Path(__file__).with_name("view_host.html")
TOOLS = {
    "list_tasks",
    "get_task",
    "get_task_logs",
    "abort_task",
    "delete_task",
    "submit_task",
    "get_account",
    "usage_report",
    "list_files",
    "read_file",
    "share_file",
    "request_upload",
    "list_jobs",
    "get_job",
    "terminate_job",
    "list_pools",
    "close_pool",
}
LONGEST_LIFE_SECONDS = 30
NEXT_LOOK_MILLISECONDS = 3000


@dataclass
class Host:
    """A page that shows the view, and the MCP client that its calls go through.

    The view's clock stands still but for `run_until` and `page.clock.run_for`, so that no test waits for it.
    `is_lost` lets every call fail as when the server cannot be reached; `faults` holds what the view said in error.
    """

    page: Page
    client: Client[Any]
    is_lost: bool = False
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def view(self) -> FrameLocator:
        """The view inside its frame."""
        return self.page.frame_locator("iframe")

    async def open(
        self, tool: str, arguments: dict[str, Any] | None = None, *, context: dict[str, Any] | None = None, **more: Any
    ) -> None:
        """Call a tool as the model would, and show the view with its result."""
        [document] = await self.client.read_resource(VIEW_URI)
        assert isinstance(document, TextResourceContents)
        opening = {
            "tool": tool,
            "input": arguments or {},
            "result": await self._result(tool, arguments or {}),
            "context": {
                "theme": "light",
                "locale": "en-GB",
                "timeZone": "Europe/Paris",
                "displayMode": "fullscreen",
                **(context or {}),
            },
            **more,
        }
        await self.page.evaluate("([html, opening]) => window.show(html, opening)", [document.text, opening])

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Pass a call of the view on to the server."""
        self.calls.append((tool, arguments))
        if self.is_lost:
            raise ConnectionError("the server cannot be reached")
        return await self._result(tool, arguments)

    async def _result(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await self.client.call_tool_mcp(tool, arguments)
        answer: dict[str, Any] = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        return answer

    async def run_until(self, locator: Locator, text: str) -> None:
        """Let the view's clock run, from one look at the server to the next, until it shows a text."""
        async with asyncio.timeout(LONGEST_LIFE_SECONDS):
            while text not in await locator.inner_text():
                await self.page.clock.run_for(NEXT_LOOK_MILLISECONDS)

    async def heard(self, method: str) -> list[dict[str, Any]]:
        """The parameters of the messages of one method that the view has sent."""
        messages = await self.page.evaluate("method => window.heard.filter(m => m.method === method)", method)
        return [message.get("params", {}) for message in messages]

    def note(self, message: ConsoleMessage) -> None:
        """Keep what the browser complains about, such as a breach of the content policy."""
        if message.type == "error":
            self.faults.append(message.text)


@asynccontextmanager
async def hosting(
    browser: Browser,
    server: RunningServer,
    *,
    width: int = 1000,
    scale: float = 1,
    real_clock: bool = False,
    **client: Any,
) -> AsyncIterator[Host]:
    """A host with a page of its own; leaving fails where the view met an error of its own.

    With `real_clock` the view's time goes by as outside.
    """
    size: ViewportSize = {"width": width, "height": 900}
    page = await browser.new_page(viewport=size, device_scale_factor=scale, reduced_motion="reduce")
    async with server.client(**client) as mcp_client:
        host = Host(page, mcp_client)
        page.on("console", host.note)
        page.on("pageerror", lambda error: host.faults.append(str(error)))
        await page.expose_function("callServer", host.call)
        if not real_clock:
            await page.clock.install()
        await page.goto(HOST_PAGE.as_uri())
        try:
            yield host
        finally:
            await page.close()
    assert host.faults == []
    assert {tool for tool, _ in host.calls} <= TOOLS

"""A host of MCP Apps for tests: it shows the dashboard in headless Chromium, on the real server and the sandbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastmcp import Client
from mcp_types import TextResourceContents
from playwright.async_api import Browser, FrameLocator, Locator, Page

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
SECONDS_OF_LOOK = 30
# Each turn of the clock is kept for the documents that a page loads later, so a page does not live on for ever.
MAX_USES = 10


@dataclass
class Host:
    """A page that shows the view, the server, and the MCP client that the view's calls go through.

    The view's clock stands still but for `run_until` and `page.clock.run_for`, so that no test waits for it.
    `is_lost` lets every call fail as when the server cannot be reached; `faults` holds what the view said in error.
    """

    page: Page
    server: RunningServer
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
        """Let the clocks of Qarnot and the view run, from one look at the server to the next, until it shows a text."""
        async with asyncio.timeout(LONGEST_LIFE_SECONDS):
            while text not in await locator.inner_text():
                await self.server.advance(SECONDS_OF_LOOK)
                await self.page.clock.run_for(NEXT_LOOK_MILLISECONDS)

    async def heard(self, method: str) -> list[dict[str, Any]]:
        """The parameters of the messages of one method that the view has sent."""
        messages = await self.page.evaluate("method => window.heard.filter(m => m.method === method)", method)
        return [message.get("params", {}) for message in messages]


@dataclass
class HostPage:
    """A page of the browser; `host` is the one that it shows, `uses` counts those that it has shown."""

    page: Page
    host: Host | None = None
    uses: int = 0

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Pass a call of the view on to the host."""
        assert self.host is not None
        return await self.host.call(tool, arguments)

    def note(self, fault: str) -> None:
        """Keep what the view, or the browser, complains about."""
        if self.host is not None:
            self.host.faults.append(fault)


class HostPages:
    """Pages that show one host after another: to open a page costs more than what most tests do in it.

    With `real_clock` the view's time goes by as outside.
    """

    def __init__(self, browser: Browser, *, scale: float = 1, real_clock: bool = False) -> None:
        self._browser = browser
        self._scale = scale
        self._has_real_clock = real_clock
        self._idle: list[HostPage] = []

    @asynccontextmanager
    async def page(self, width: int) -> AsyncIterator[HostPage]:
        """A page with an empty host, as if it were new; one that a test failed on is not used again."""
        shown = self._idle.pop() if self._idle else await self._new()
        shown.uses += 1
        await shown.page.set_viewport_size({"width": width, "height": 900})
        await shown.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        if not self._has_real_clock:
            await shown.page.clock.install()
        is_empty = False
        try:
            yield shown
            if shown.uses < MAX_USES:
                await shown.page.mouse.move(0, 0)
                await shown.page.goto(HOST_PAGE.as_uri())
                is_empty = True
        finally:
            shown.host = None
            if is_empty:
                self._idle.append(shown)
            else:
                await shown.page.close()

    async def _new(self) -> HostPage:
        page = await self._browser.new_page(device_scale_factor=self._scale)
        shown = HostPage(page)
        page.on("console", lambda message: shown.note(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: shown.note(str(error)))
        await page.expose_function("callServer", shown.call)
        await page.goto(HOST_PAGE.as_uri())
        return shown


@asynccontextmanager
async def hosting(pages: HostPages, server: RunningServer, *, width: int = 1000, **client: Any) -> AsyncIterator[Host]:
    """A host on a page of its own; leaving fails where the view met an error of its own."""
    async with server.client(**client) as mcp_client, pages.page(width) as shown:
        host = shown.host = Host(shown.page, server, mcp_client)
        yield host
    assert host.faults == []
    assert {tool for tool, _ in host.calls} <= TOOLS

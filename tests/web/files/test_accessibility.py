"""axe-core finds nothing to mend on the files page, in both themes and on a phone."""

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.support.axe import read_axe
from tests.web.files.visits import visited_server

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def axe() -> str:
    """The script of axe-core."""
    return await read_axe()


async def violations(page: Page, axe: str) -> list[str]:
    await page.evaluate(axe)
    found = await page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [f"{one['impact']} {one['id']}: {[node['html'][:160] for node in one['nodes'][:4]]}" for one in found]


@pytest.mark.parametrize(("theme", "width"), [("light", 1000), ("dark", 1000), ("light", 320)])
async def test_the_page_has_no_fault_that_axe_knows(
    browser: Browser, axe: str, theme: Any, width: int, tmp_path: Path
) -> None:
    small = tmp_path / "small.txt"
    small.write_text("x")
    async with visited_server() as visits:
        visitor = await visits.uploader()
        await visitor.put("in/a.txt", b"x")
        await visitor.put("b.txt", b"x")
        size: Any = {"width": width, "height": 800}
        context = await browser.new_context(color_scheme=theme, viewport=size, locale="en-GB", bypass_csp=True)
        page = await context.new_page()
        await page.goto(visitor.link)
        await expect(page.locator("tbody tr")).to_have_count(2)
        assert await violations(page, axe) == []
        refusal = {"error": "quota", "message": "full"}
        await page.route("**/api/file?*", lambda route: route.fulfill(status=403, json=refusal))
        async with page.expect_file_chooser() as choosing:
            await page.get_by_role("button", name="Choose files").click()
        await (await choosing.value).set_files(small)
        await expect(page.get_by_role("alert")).to_be_visible()
        assert await violations(page, axe) == []
        await page.unroute_all()
        await page.get_by_role("button", name="Resume").click()
        await expect(page.locator(".tell")).to_be_visible()
        await page.get_by_role("button", name="Preview b.txt").click()
        await expect(page.locator("pre")).to_be_visible()
        assert await violations(page, axe) == []
        await context.close()

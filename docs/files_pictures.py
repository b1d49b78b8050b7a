"""Take the pictures of the files page from the real server on the sandbox: python docs/files_pictures.py.

Needs Chromium (on Debian: apt-get install chromium).
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, Route, expect

from tests.support.browser import browsing
from tests.web.files.visits import Visits, visited_server

IMAGES = Path(__file__).parent / "images"
WIDTH, PHONE = 960, 360
FILES = {"mesh/case.foam": 300, "mesh/loads.csv": 40_000, "mesh/wing.stl": 3_000_000, "mesh/volume.bin": 40_000_000}


async def opened(browser: Browser, visits: Visits, theme: Any, width: int) -> Page:
    """Open the page of a folder that is new."""
    visitor = await visits.uploader(f"pictures-{theme}-{width}")
    size: Any = {"width": width, "height": 700}
    context = await browser.new_context(
        viewport=size, color_scheme=theme, locale="en-GB", device_scale_factor=1.5, reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(visitor.link)
    await expect(page.get_by_text("Nothing is here yet.")).to_be_visible()
    return page


async def choose(page: Page, folder: Path) -> None:
    """Choose a folder, as a person does."""
    async with page.expect_file_chooser() as choosing:
        await page.get_by_role("button", name="Choose a folder").click()
    await (await choosing.value).set_files(folder)


async def take(page: Page, name: str) -> None:
    """Take one picture of the whole page."""
    await page.screenshot(path=IMAGES / f"files-{name}.png", full_page=True)


async def take_all(browser: Browser, visits: Visits, folder: Path, theme: str, width: int) -> None:
    """Take the page empty, while it uploads, when it is done, and with a full storage."""
    name = theme if width == WIDTH else f"phone-{theme}"
    page = await opened(browser, visits, theme, width)
    if width == WIDTH:
        await take(page, f"empty-{name}")
    held: list[Route] = []
    await page.route("**/uploads/part?*number=[3-9]", lambda route: held.append(route))
    await choose(page, folder)
    await expect(page.locator("li.row")).to_have_count(1)
    await expect(page.get_by_text("3 of 4 files")).to_be_visible()
    await take(page, f"uploading-{name}")
    await page.unroute_all(behavior="ignoreErrors")
    for route in held:
        await route.continue_()
    await expect(page.locator(".tell")).to_be_visible(timeout=60_000)
    await take(page, f"done-{name}")
    refusal = {"error": "quota", "message": "full"}
    await page.route("**/api/file?*", lambda route: route.fulfill(status=403, json=refusal))
    await choose(page, folder)
    await expect(page.get_by_role("alert")).to_be_visible()
    if width == WIDTH:
        await take(page, f"error-{name}")
    await page.context.close()


async def main() -> None:
    """Take all pictures, in both themes and on a phone."""
    with tempfile.TemporaryDirectory() as place:
        for path, size in FILES.items():
            file = Path(place) / path
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(bytes(size))
        async with visited_server() as visits, browsing() as browser:
            for theme, width in (("light", WIDTH), ("dark", WIDTH), ("light", PHONE)):
                await take_all(browser, visits, Path(place) / "mesh", theme, width)


if __name__ == "__main__":
    asyncio.run(main())

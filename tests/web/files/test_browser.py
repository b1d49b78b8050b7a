"""The files page in a real browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from qarnot_mcp.qarnot.storage.uploads import PART_BYTES
from tests.web.files.visits import Visitor, Visits, visited_server

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

LONG_ENOUGH = 30_000  # milliseconds: whole parts are read and sent
# More than the page draws of one folder's uploads.
MANY_FILES = 80
PAUSE_MILLISECONDS = 20_000  # longer than any between two tries
PARTS = "*/files/api/uploads/part?*"


@pytest_asyncio.fixture(loop_scope="session")
async def visits() -> AsyncIterator[Visits]:
    async with visited_server() as visits:
        yield visits


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page whose script meets no error of its own and breaks no policy."""
    context = await browser.new_context(locale="en-GB", accept_downloads=True)
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.extend([message.text] if "Content Security" in message.text else []))
    yield page
    await context.close()
    assert faults == []


async def opened(page: Page, visitor: Visitor) -> None:
    await page.goto(visitor.link)
    await expect(page.get_by_role("heading", name="Files", exact=True)).to_be_visible()


async def choose(page: Page, button: str, files: Path | list[Path]) -> None:
    async with page.expect_file_chooser() as choosing:
        await page.get_by_role("button", name=button).click()
    await (await choosing.value).set_files(files)


def folder_of(tmp_path: Path, count: int) -> Path:
    folder = tmp_path / "mesh"
    (folder / "deep").mkdir(parents=True)
    for number in range(count):
        (folder / ("deep" if number % 2 else "") / f"part {number} é.txt").write_text(f"content {number}")
    return folder


async def refused(route: Route, code: str) -> None:
    await route.fulfill(status=403, json={"error": code, "message": "refused"})


@asynccontextmanager
async def cut(page: Page, *addresses: str) -> AsyncIterator[None]:
    """Let requests to these addresses fail as on a cut connection, in the browser: a route would get whole parts."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setBlockedURLs", {"urls": list(addresses)})
    yield
    await session.detach()


async def test_a_folder_is_uploaded_and_the_page_says_what_to_tell_the_assistant(
    page: Page, visits: Visits, tmp_path: Path
) -> None:
    visitor = await visits.uploader(prefix="in/")
    await opened(page, visitor)
    await choose(page, "Choose a folder", folder_of(tmp_path, MANY_FILES))
    await expect(page.get_by_text("Everything is uploaded.", exact=True).last).to_be_visible(timeout=LONG_ENOUGH)
    await expect(page.locator(".tell")).to_have_text("I uploaded 80 files to the bucket inputs, under in/mesh/.")
    assert len(await visitor.paths("mesh/")) == len(await visitor.paths("mesh/deep/")) == MANY_FILES // 2
    await page.get_by_role("button", name="mesh/", exact=True).click()
    await expect(page.locator("tbody tr")).to_have_count(MANY_FILES // 2 + 1)


async def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders on the page, as a file manager does."""
    files = [str(path) for path in paths]
    session = await page.context.new_cdp_session(page)
    for step in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": files, "dragOperationsMask": 1}
        await session.send("Input.dispatchDragEvent", {"type": step, "x": 200, "y": 200, "data": data})


async def test_files_and_folders_are_dropped_on_a_page_in_french(
    browser: Browser, visits: Visits, tmp_path: Path
) -> None:
    visitor = await visits.uploader("dropped")
    file, folder = tmp_path / "a\x01b.txt", folder_of(tmp_path, 4)
    file.write_text("x")
    context = await browser.new_context(locale="fr-FR")
    page = await context.new_page()
    await page.goto(visitor.link)
    await expect(page.get_by_text("Déposez ici des fichiers et des dossiers")).to_be_visible()
    await drop(page, file, folder)
    await expect(page.locator(".tell")).to_have_text("J’ai envoyé 5 fichiers dans le bucket dropped.")
    assert await visitor.paths() == ["a_b.txt"]
    assert len(await visitor.paths("mesh/")) == len(await visitor.paths("mesh/deep/")) == 2
    await context.close()


async def test_everything_works_with_the_keyboard(page: Page, visits: Visits, tmp_path: Path) -> None:
    small = tmp_path / "small.txt"
    small.write_text("x")
    await opened(page, await visits.uploader("keys"))
    async with page.expect_file_chooser() as choosing:
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
    await (await choosing.value).set_files(small)
    await expect(page.locator(".tell")).to_be_visible()
    await page.get_by_role("button", name="Preview small.txt").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog").locator("pre")).to_have_text("x")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_an_upload_survives_a_cut_connection_a_pause_and_a_reload(
    page: Page, visits: Visits, tmp_path: Path
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(256)) * (PART_BYTES // 256) * 3)
    visitor = await visits.uploader()
    await opened(page, visitor)
    sent: list[str] = []
    page.on("response", lambda response: sent.extend([response.url] if "/uploads/part" in response.url else []))
    async with cut(page, f"{PARTS}number=2", f"{PARTS}number=3"):
        async with page.expect_response("**/files/api/uploads/part?*number=1"):
            await choose(page, "Choose files", large)
        await expect(page.get_by_text("Connection lost: trying again")).to_be_visible(timeout=LONG_ENOUGH)
        await page.get_by_role("button", name="Pause").click()
        await expect(page.get_by_text("Paused")).to_be_visible()
        page.on("dialog", lambda dialog: dialog.accept())
        await page.reload()
        await expect(page.get_by_text("Not finished last time")).to_be_visible()
    await choose(page, "Choose files", large)
    await expect(page.get_by_text("Everything is uploaded.", exact=True).last).to_be_visible(timeout=LONG_ENOUGH)
    numbers = [url.partition("number=")[2] for url in sent]
    assert sorted(numbers) == ["1", "2", "3"]
    await expect(page.locator(".tell")).to_have_text("I uploaded large.bin to the bucket inputs.")
    saved = await visitor.save("download", path="large.bin")
    assert saved.content == large.read_bytes()


async def test_nothing_of_a_cancelled_upload_stays(page: Page, visits: Visits, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(PART_BYTES * 2))
    visitor = await visits.uploader()
    await page.clock.install()
    await opened(page, visitor)
    async with cut(page, PARTS):
        async with page.expect_response("**/files/api/uploads?*") as begun:
            await choose(page, "Choose files", large)
        upload_id = (await (await begun.value).json())["upload_id"]
        await expect(page.get_by_text("Connection lost: trying again")).to_be_visible(timeout=LONG_ENOUGH)
        async with page.expect_response(lambda response: response.request.method == "DELETE") as aborted:
            await page.get_by_role("button", name="Cancel large.bin").click()
            await page.clock.run_for(PAUSE_MILLISECONDS)
    assert (await aborted.value).status == 200
    upload = {"path": "large.bin", "upload_id": upload_id, "size": str(PART_BYTES * 2)}
    assert await visitor.refused("POST", "/uploads", params=upload) == (404, "not_found")
    await page.reload()
    await expect(page.get_by_text("Nothing is here yet.")).to_be_visible()
    await expect(page.get_by_text("Not finished last time")).not_to_be_visible()


async def test_a_full_storage_and_an_expired_link_are_said_in_clear_words(
    page: Page, visits: Visits, tmp_path: Path
) -> None:
    small = tmp_path / "small.txt"
    small.write_text("x")
    await opened(page, await visits.uploader())
    for code, words in (("quota", "The storage of the account is full."), ("expired", "This link has expired.")):
        refuse = partial(refused, code=code)
        await page.route("**/files/api/file?*", refuse)
        await choose(page, "Choose files", small)
        await expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
        await page.unroute("**/files/api/file?*", refuse)
        await page.get_by_role("button", name="Resume").click()
        await expect(page.get_by_text("Everything is uploaded.", exact=True).last).to_be_visible()
    await page.goto(f"{visits.server.origin}/files#nonsense")
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("Ask the assistant for a new one.")


async def test_files_are_previewed_and_saved(page: Page, visits: Visits, tmp_path: Path) -> None:
    visitor = await visits.uploader()
    await visitor.put("evil.html", b"<script>document.title = 'taken'</script>")
    await opened(page, visitor)
    await page.get_by_role("button", name="Preview evil.html").click()
    await expect(page.get_by_role("dialog").locator("pre")).to_have_text("<script>document.title = 'taken'</script>")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).not_to_be_visible()
    async with page.context.expect_event("page"), page.context.expect_event("download") as downloading:
        await page.get_by_role("button", name="Download evil.html").click()
    assert (await downloading.value).suggested_filename == "evil.html"
    assert await page.title() == "Files for Qarnot"

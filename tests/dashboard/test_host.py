"""How the dashboard behaves in its host: theme, language, width, keyboard, and a server that comes and goes."""

import re
import zlib

import pytest
from playwright.async_api import FloatRect, expect

from tests.support.running_server import KEY, call, ended, running_server, submitted
from tests.support.view_host import Host, HostPages, hosting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PHONE = 320
MAX_INLINE_PIXELS = 500
UNSEEN = """body => new Promise(done => new IntersectionObserver(([entry], observer) => {
  if (!entry.isIntersecting) { observer.disconnect(); done(); }
}).observe(body))"""


async def colour(host: Host, selector: str = "h1", name: str = "color") -> str:
    """Return a computed colour of an element of the view."""
    script = "(element, name) => getComputedStyle(element)[name]"
    return str(await host.view.locator(selector).first.evaluate(script, name))


async def ground(host: Host) -> tuple[int, ...]:
    """Return the colour of a pixel that the view leaves to the host, as it is seen."""
    frame = await host.page.locator("iframe").bounding_box()
    assert frame is not None
    clip: FloatRect = {"x": frame["x"] + 20, "y": frame["y"] + 6, "width": 1, "height": 1}
    png = await host.page.screenshot(clip=clip)
    start = png.index(b"IDAT")
    data = png[start + 4 : start + 4 + int.from_bytes(png[start - 4 : start])]
    # The first byte names a filter, which leaves the first pixel as it is.
    return tuple(zlib.decompressobj().decompress(data)[1:4])


async def test_the_theme_follows_the_host_and_its_changes(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", context={"theme": "dark"})
        await expect(host.view.locator("html")).to_have_attribute("data-theme", "dark")
        assert await colour(host) == "rgb(230, 239, 235)"
        await host.page.evaluate("window.setContext({theme: 'light'})")
        await expect(host.view.locator("html")).to_have_attribute("data-theme", "light")
        assert await colour(host) == "rgb(20, 35, 31)"


@pytest.mark.parametrize("scheme", ["normal", "light", "dark"])
@pytest.mark.parametrize(("theme", "behind"), [("light", (244, 244, 241)), ("dark", (28, 28, 26))])
async def test_the_ground_is_that_of_the_host_whatever_scheme_its_page_has(
    pages: HostPages, theme: str, behind: tuple[int, ...], scheme: str
) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        # Without emulation, which would reach into the frame, a frame prefers the scheme of its host's page.
        await host.page.emulate_media(color_scheme="null", reduced_motion="reduce")
        await host.page.evaluate("scheme => document.documentElement.style.colorScheme = scheme", scheme)
        await host.open("list_tasks", context={"theme": theme})
        await expect(host.view.get_by_text("No tasks yet")).to_be_visible()
        assert await ground(host) == behind


async def test_the_colours_and_fonts_are_those_that_the_host_gives(pages: HostPages) -> None:
    styles = {
        "variables": {"--color-text-primary": "light-dark(#102030, #a0b0c0)", "--font-sans": "Hosted, serif"},
        "css": {"fonts": "@font-face { font-family: Hosted; src: local(monospace); }"},
    }
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", context={"styles": styles})
        assert await colour(host) == "rgb(16, 32, 48)"
        assert await colour(host, name="fontFamily") == "Hosted, serif"
        assert await host.view.locator("html").evaluate("() => [...document.fonts].map(font => font.family)") == [
            "Hosted"
        ]
        await host.page.evaluate("window.setContext({theme: 'dark'})")
        assert await colour(host) == "rgb(160, 176, 192)"


async def test_a_host_that_names_no_theme_leaves_it_to_the_browser(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        await host.open("list_tasks", context={"theme": None})
        await expect(host.view.locator("html")).to_have_attribute("data-theme", "dark")
        await host.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        await expect(host.view.locator("html")).to_have_attribute("data-theme", "light")


async def test_french_words_dates_and_numbers(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", context={"locale": "fr-FR"})
        await expect(host.view.get_by_role("heading", name="Tâches")).to_be_visible()
        await expect(host.view.locator("html")).to_have_attribute("lang", "fr-FR")
        row = host.view.get_by_role("row", name="orchard calibration")
        await expect(row).to_contain_text("Échec")
        await expect(row).to_contain_text(re.compile(r"il\sy\sa\s\d\sj"))
        await row.get_by_role("button").click()
        await expect(host.view.get_by_role("heading", name="Énergie")).to_contain_text("86 %")
        await expect(host.view.locator(".figures dd").first).to_contain_text(re.compile(r"\d,\d"))
        await expect(host.view.locator(".facts dd").first).to_contain_text("nov.")
        await host.page.evaluate("window.setContext({locale: 'en-US', timeZone: 'Nowhere/Land'})")
        await expect(host.view.get_by_role("heading", name="Energy")).to_be_visible()


async def test_a_locale_of_another_language_reads_english(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", context={"locale": "fr"})
        for locale in ("de-DE", "zh-Hans-CN", "not a locale!", "en-Latn-GB-x-odd"):
            await expect(host.view.get_by_text("Aucune tâche")).to_be_visible()
            await host.page.evaluate("locale => window.setContext({locale})", locale)
            await expect(host.view.get_by_text("No tasks yet")).to_be_visible()
            await host.page.evaluate("window.setContext({locale: 'fr-CA'})")


async def test_nothing_is_cut_off_at_320_pixels(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server, width=PHONE) as host:
        await host.page.evaluate("document.body.classList.add('narrow')")
        wide = "root => root.scrollWidth - root.clientWidth"
        await host.open("list_tasks", context={"locale": "fr-FR"})
        await expect(host.view.locator("tbody tr")).to_have_count(13)
        assert await host.view.locator("html").evaluate(wide) == 0
        await host.view.get_by_role("button", name="orchard calibration").click()
        await expect(host.view.locator(".bars li")).to_have_count(4)
        assert await host.view.locator("html").evaluate(wide) == 0
        await host.view.get_by_role("button", name="Relancer").click()
        assert await host.view.locator("html").evaluate(wide) == 0
        await host.view.get_by_role("button", name="Journal", exact=True).click()
        await expect(host.view.get_by_role("log")).to_contain_text("ValueError")
        assert await host.view.locator("html").evaluate(wide) == 0


async def test_the_host_hears_the_size_of_each_page(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", context={"displayMode": "inline"})
        await host.view.get_by_role("button", name="Show all").click()
        await expect(host.view.locator("tbody tr")).to_have_count(13)
        fits = "root => root.scrollHeight <= root.clientHeight && root.clientHeight - document.body.offsetHeight <= 1"
        await host.page.wait_for_function("document.querySelector('iframe').offsetHeight > 600")
        assert await host.view.locator("html").evaluate(fits)
        sizes = await host.heard("ui/notifications/size-changed")
        assert sizes[-1]["width"] == 1000 - 48


@pytest.mark.parametrize("width", [1000, PHONE])
async def test_in_a_conversation_a_page_is_low_and_leads_to_the_full_screen(pages: HostPages, width: int) -> None:
    context = {"displayMode": "inline", "availableDisplayModes": ["inline", "fullscreen"], "locale": "fr-FR"}
    height = "body => body.getBoundingClientRect().height"
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server, width=width) as host:
        await host.page.evaluate("document.body.classList.add('narrow')")
        rows = (await call(host.client, "list_tasks"))["tasks"]
        uuids = {row["name"]: row["uuid"] for row in rows}
        failed, running, done = (
            {"task_uuid": uuids[name]} for name in ("seawall postprocessing", "seawall flow", "seawall mesh fine")
        )
        for tool, arguments, part in (
            ("list_tasks", {}, "tbody tr"),
            ("get_task", failed, "section.failure"),
            ("get_task", running, ".phases"),
            ("get_task", done, ".phases"),
            ("get_task_logs", done, ".line"),
            ("get_task_logs", running, ".line"),
        ):
            await host.open(tool, arguments, context=context)
            await expect(host.view.locator(part).first).to_be_visible()
            assert await host.view.locator("body").evaluate(height) <= MAX_INLINE_PIXELS, (tool, arguments)
            assert await host.view.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") == 0
            await host.view.get_by_role("button", name="Tout afficher").click()
            await expect(host.view.locator("html")).to_have_attribute("data-display", "fullscreen")
            await expect(host.view.get_by_role("button", name="Tout afficher")).to_have_count(0)
            await host.view.get_by_role("button", name="Quitter le plein écran").click()
            await expect(host.view.locator("html")).to_have_attribute("data-display", "compact")


async def test_a_host_that_refuses_the_full_screen_shows_all_in_place(pages: HostPages) -> None:
    context = {"displayMode": "inline", "availableDisplayModes": ["fullscreen"]}
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.page.evaluate("window.refuses = ['ui/request-display-mode']")
        await host.open("list_tasks", context=context)
        await expect(host.view.locator("tbody tr")).to_have_count(4)
        await host.view.get_by_role("button", name="Show all").click()
        await expect(host.view.locator("tbody tr")).to_have_count(13)


@pytest.mark.parametrize("width", [1000, PHONE])
async def test_nothing_scrolls_but_the_page_itself(pages: HostPages, width: int) -> None:
    scrolling = """root => [...root.querySelectorAll("body, body *:not(textarea)")]
      .filter(element => /auto|scroll/.test(getComputedStyle(element).overflow))
      .map(element => element.outerHTML.slice(0, 80))"""
    async with running_server(speed=100_000) as server, hosting(pages, server, width=width) as host:
        uuid = await submitted(host.client, "seq 1 300", name="many", instance_count=40)
        await ended(host.client, uuid)
        await host.open("list_tasks")
        await expect(host.view.locator("tbody tr")).to_have_count(1)
        assert await host.view.locator("html").evaluate(scrolling) == []
        await host.view.get_by_role("button", name="many").click()
        await expect(host.view.locator(".bars li")).to_have_count(40)
        assert await host.view.locator("html").evaluate(scrolling) == []
        await host.view.get_by_role("button", name="Log", exact=True).click()
        await expect(host.view.locator(".line").first).to_be_attached()
        assert await host.view.locator("html").evaluate(scrolling) == []


async def test_everything_can_be_done_with_the_keyboard(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, name="typed")
        await host.open("list_tasks")
        focused = host.view.locator(":focus")
        await expect(host.view.locator("tbody tr")).to_have_count(1)
        await host.view.locator("body").press("Tab")
        for _ in range(30):
            if await focused.get_attribute("data-uuid") == uuid:
                break
            await host.page.keyboard.press("Tab")
        await host.page.keyboard.press("Enter")
        await expect(host.view.get_by_role("heading", name="typed")).to_be_focused()
        for _ in range(10):
            if await focused.get_attribute("data-action") == "abort":
                break
            await host.page.keyboard.press("Tab")
        await host.page.keyboard.press("Space")
        await expect(focused).to_have_text("Cancel")
        await host.page.keyboard.press("Tab")
        await host.page.keyboard.press("Enter")
        await expect(host.view.get_by_text("“typed” is being stopped.").first).to_be_visible()
        assert await host.view.locator(":focus-visible").count() == 1


async def test_what_is_typed_and_where_the_reader_is_survive_a_refresh(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        await submitted(host.client, "sleep 30", name="moving")
        await host.open("list_tasks")
        box = host.view.get_by_role("searchbox")
        await box.fill("mov")
        await host.run_until(host.view.locator("tbody .chip"), "Success")
        await expect(box).to_be_focused()
        await expect(box).to_have_value("mov")


async def test_a_lost_server_is_said_and_found_again(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, "sleep 300", name="steady")
        await host.open("get_task", {"task_uuid": uuid})
        await expect(host.view.locator(".liveness")).to_have_text("Live")
        host.is_lost = True
        alert = host.view.get_by_role("alert")
        await host.page.clock.run_for(3000)
        await expect(alert).to_contain_text("The server does not answer.")
        await expect(host.view.locator(".liveness")).to_have_text("No connection")
        await expect(host.view.get_by_role("heading", name="steady")).to_be_visible()
        await alert.get_by_role("button", name="Try again").click()
        await expect(alert).to_be_visible()
        host.is_lost = False
        await alert.get_by_role("button", name="Try again").click()
        await expect(alert).to_have_count(0)
        await expect(host.view.locator(".liveness")).to_have_text("Live")


async def test_a_lost_server_is_found_again_without_a_hand(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        await submitted(host.client, name="steady")
        host.is_lost = True
        await host.open("list_tasks")
        await expect(host.view.get_by_role("alert")).to_be_visible()
        host.is_lost = False
        await host.page.clock.run_for(5000)
        await expect(host.view.get_by_role("alert")).to_have_count(0)


async def test_a_refusal_of_the_tool_is_shown_in_its_words(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        await host.open("get_task", {"task_uuid": "no-such-task"})
        alert = host.view.get_by_role("alert")
        await expect(alert).to_contain_text("no-such-task")
        await expect(alert.get_by_role("button", name="Try again")).to_be_visible()


async def test_a_cancelled_call_is_said(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", result=None)
        await expect(host.view.get_by_text("Loading")).to_be_visible()
        await host.page.evaluate("window.notify('tool-cancelled', {reason: 'user action'})")
        await expect(host.view.get_by_role("alert")).to_contain_text("The call was cancelled.")
        await host.view.get_by_role("button", name="Try again").click()
        await expect(host.view.get_by_text("No tasks yet")).to_be_visible()


async def test_it_stops_asking_when_all_is_over_or_the_host_takes_it_away(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, name="short")
        await ended(host.client, uuid)
        await host.open("get_task", {"task_uuid": uuid})
        await expect(host.view.locator(".liveness")).to_have_text("Up to date")
        await host.page.clock.run_for(120_000)
        assert len(host.calls) == 1


async def test_it_asks_nothing_while_it_is_out_of_sight(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        await submitted(host.client, name="waiting")
        await host.open("list_tasks")
        await expect(host.view.locator("tbody tr")).to_have_count(1)
        await host.page.wait_for_function("window.heard.some(message => message.method === 'tools/call')")
        await host.page.evaluate("document.querySelector('iframe').style.marginTop = '4000px'")
        await host.view.locator("body").evaluate(UNSEEN)
        before = len(host.calls)
        await host.page.clock.run_for(60_000)
        assert len(host.calls) == before
        await host.page.evaluate("document.querySelector('iframe').style.marginTop = '0'")
        await host.page.wait_for_function("window.heard.filter(m => m.method === 'tools/call').length > " + str(before))


async def test_it_asks_seldom_while_nothing_changes(pages: HostPages) -> None:
    async with running_server(speed=0.01) as server, hosting(pages, server) as host:
        await submitted(host.client, name="waiting")
        await host.open("list_tasks")
        await expect(host.view.locator("tbody tr")).to_have_count(1)
        for _ in range(120):
            before = len(host.calls)
            await host.page.clock.run_for(1000)
            if len(host.calls) > before:
                await expect(host.view.locator(".liveness")).to_have_text("Live")
        assert 8 <= len(host.calls) <= 20


async def test_a_host_without_tools_for_views_shows_the_result_alone(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", capabilities={})
        await expect(host.view.locator("tbody tr")).to_have_count(13)
        await expect(host.view.get_by_role("alert")).to_have_count(0)
        assert host.calls == []


async def test_a_host_without_tools_for_views_shows_no_buttons_that_would_call_any_and_keeps_the_list(
    pages: HostPages,
) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks", capabilities={})
        await expect(host.view.locator("tbody tr")).to_have_count(13)
        await host.view.get_by_role("row", name="orchard calibration").click()
        await expect(host.view.locator("tbody tr")).to_have_count(13)
        await expect(host.view.get_by_role("button", name="Refresh")).to_have_count(0)
        await expect(host.view.locator("tbody button, .choices button, .more button")).to_have_count(0)
        uuid = (await call(host.client, "list_tasks", name="orchard calibration"))["tasks"][0]["uuid"]
        await host.open("get_task", {"task_uuid": uuid, "detail": "full"}, capabilities={})
        await expect(host.view.get_by_role("heading", name="orchard calibration")).to_be_visible()
        assert await host.view.locator("button:not([disabled])").all_inner_texts() in ([], [""])
        await host.open("get_task_logs", {"task_uuid": uuid}, capabilities={})
        await expect(host.view.get_by_role("log")).to_be_visible()
        await expect(host.view.locator("select, .choices button")).to_have_count(0)
        assert host.calls == []


async def test_a_task_opens_in_qarnots_console_through_the_host(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        uuid = (await call(host.client, "list_tasks", limit=1))["tasks"][0]["uuid"]
        task = await call(host.client, "get_task", task_uuid=uuid, detail="full")
        url = f"https://tasq.qarnot.com/tasks/{uuid}"
        result = {"content": [], "structuredContent": {**task, "console_url": url}}
        await host.open("get_task", {"task_uuid": uuid}, capabilities={"openLinks": {}}, result=result)
        await host.view.get_by_role("button", name="Open in Qarnot’s console").click()
        await host.page.wait_for_function("window.heard.some(m => m.method === 'ui/open-link')")
        assert await host.heard("ui/open-link") == [{"url": url}]
        await host.open("get_task", {"task_uuid": uuid}, capabilities={"serverTools": {}}, result=result)
        await expect(host.view.get_by_role("button", name="Log", exact=True)).to_be_visible()
        await expect(host.view.get_by_role("button", name="Open in Qarnot’s console")).to_have_count(0)


async def test_messages_of_others_than_the_host_are_not_taken(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks")
        await expect(host.view.get_by_text("No tasks yet")).to_be_visible()
        forged = {"structuredContent": {"tasks": [{"uuid": "x", "name": "forged", "state": "Success"}]}}
        await host.view.locator("html").evaluate(
            "(_, params) => window.postMessage({jsonrpc: '2.0', method: 'ui/notifications/tool-result', params}, '*')",
            forged,
        )
        await host.view.get_by_role("button", name="Refresh").click()
        await expect(host.view.get_by_text("forged")).to_have_count(0)


async def test_requests_of_the_host_are_answered(pages: HostPages) -> None:
    async with running_server(speed=1) as server, hosting(pages, server) as host:
        await host.open("list_tasks")
        await expect(host.view.get_by_text("No tasks yet")).to_be_visible()
        for number, method in enumerate(("ping", "ui/resource-teardown", "ui/unknown"), 901):
            await host.page.evaluate(
                "([id, method]) => document.querySelector('iframe').contentWindow.postMessage("
                "{jsonrpc: '2.0', id, method, params: {}}, '*')",
                [number, method],
            )
        await host.page.wait_for_function("window.heard.filter(m => m.id > 900).length === 3")
        answers = await host.page.evaluate("window.heard.filter(m => m.id > 900)")
        assert [answer.get("result") for answer in answers] == [{}, {}, None]
        assert answers[2]["error"]["code"] == -32601


async def test_full_screen_is_offered_where_the_host_has_it(pages: HostPages) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server) as host:
        tasks = (await call(host.client, "list_tasks"))["tasks"]
        modes = {"displayMode": "inline", "availableDisplayModes": ["inline", "fullscreen"]}
        await host.open("get_task_logs", {"task_uuid": tasks[0]["uuid"]}, context=modes)
        await host.view.get_by_role("button", name="Full screen").click()
        await expect(host.view.get_by_role("button", name="Leave full screen")).to_be_visible()
        await host.open("list_tasks")
        await expect(host.view.get_by_role("button", name="Full screen")).to_have_count(0)

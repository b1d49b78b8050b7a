"""The sign-in page in a real browser."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from tests.support.running_server import full_server
from tests.support.serving import serve
from tests.support.sign_in import SignIn, parameters_of

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

ALICE = "sandbox-alice"


@pytest_asyncio.fixture(loop_scope="session")
async def client(browser: Browser) -> AsyncIterator[SignIn]:
    """A registered client that listens for its callback, as Claude Code does, and a site that frames the page."""

    async def callback(request: Request) -> HTMLResponse:
        return HTMLResponse("<h1>Back at the client</h1>")

    async def frame(request: Request) -> HTMLResponse:
        return HTMLResponse(f'<iframe src="{request.query_params["page"]}"></iframe>')

    async def forward(request: Request) -> RedirectResponse:
        return RedirectResponse("claude://signed-in")

    routes = [
        Route("/callback", callback),
        Route("/any/path", callback),
        Route("/forward/claude", forward),
        Route("/frame", frame),
    ]
    async with full_server() as server, serve(Starlette(routes=routes)) as site, httpx.AsyncClient(timeout=10) as http:
        redirect = site.replace("127.0.0.1", "localhost") + "/callback"
        sign_in = SignIn(server.origin, http, redirect=redirect)
        await sign_in.register(client_name="Claude")
        yield sign_in
        for context in browser.contexts:
            await context.close()


async def page_address(client: SignIn) -> str:
    return (await client.authorize()).headers["location"]


async def opened(browser: Browser, address: str, **how: str) -> Page:
    page = await (await browser.new_context(**how)).new_page()  # type: ignore[arg-type]
    await page.goto(address)
    return page


async def test_a_person_signs_in_with_the_keyboard_alone(browser: Browser, client: SignIn) -> None:
    page = await opened(browser, await page_address(client))
    await expect(page.get_by_label("Qarnot API key")).to_be_focused()  # keys typed sooner would be lost
    await page.keyboard.type(ALICE)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading")).to_have_text("Back at the client")
    answer = parameters_of(httpx.Response(303, headers={"location": page.url}))
    assert answer["state"] == client.state
    tokens = (await client.exchange(answer["code"])).json()
    assert (await client.call(tokens["access_token"], "list_profiles")).status_code == 200


async def test_a_wrong_key_is_explained_and_the_next_one_works(browser: Browser, client: SignIn) -> None:
    page = await opened(browser, await page_address(client), locale="fr-FR")
    await page.get_by_label("Clé API Qarnot").fill("mistyped")
    await page.get_by_role("button", name="Se connecter").click()
    await expect(page.get_by_role("alert")).to_contain_text("Qarnot refuse cette clé")
    await expect(page.get_by_label("Clé API Qarnot")).to_have_value("")
    await page.get_by_label("Clé API Qarnot").fill(ALICE)
    await page.get_by_label("Lecture seule").check()
    await page.get_by_role("button", name="Se connecter").click()
    await expect(page.get_by_role("heading")).to_have_text("Back at the client")
    code = parameters_of(httpx.Response(303, headers={"location": page.url}))["code"]
    assert (await client.exchange(code)).json()["scope"] == "qarnot:read"


async def test_a_person_can_cancel_without_a_key(browser: Browser, client: SignIn) -> None:
    page = await opened(browser, await page_address(client))
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("heading")).to_have_text("Back at the client")
    assert "error=access_denied" in urlsplit(page.url).query


async def test_the_page_does_not_appear_in_a_frame(browser: Browser, client: SignIn) -> None:
    site = client.redirect.replace("/callback", "/frame")
    page = await opened(browser, "about:blank")
    async with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        await page.goto(str(httpx.URL(site, params={"page": await page_address(client)})))
    assert await page.frame_locator("iframe").get_by_label("Qarnot API key").count() == 0


@pytest.mark.parametrize(
    ("callback", "target"),
    [
        ("{site}/any/path", "{site}/any/path?"),
        ("{site}/forward/claude", "claude://signed-in"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp/oauth/callback?"),
        ("http://[::1]:{port}/any/path", "http://[::1]:{port}/any/path?"),
    ],
)
async def test_the_browser_goes_wherever_the_client_listens(
    browser: Browser, client: SignIn, callback: str, target: str
) -> None:
    site = client.redirect.removesuffix("/callback")
    places = {"site": site, "port": urlsplit(site).port}
    asking = SignIn(client.origin, client.http, redirect=callback.format(**places))
    await asking.register(client_name="Claude")
    page = await opened(browser, await page_address(asking))
    blocked: list[str] = []
    page.on("console", lambda message: blocked.append(message.text))
    async with page.expect_request(lambda request: request.url.startswith(target.format(**places))):
        await page.get_by_label("Qarnot API key").fill(ALICE)
        await page.keyboard.press("Enter")
    assert not [text for text in blocked if "Content Security Policy" in text]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 560])
async def test_the_page_fits_and_can_be_read(browser: Browser, client: SignIn, width: int, scheme: str) -> None:
    claude = SignIn(client.origin, client.http, redirect="https://claude.ai/api/mcp/auth_callback")
    await claude.register(client_name="Claude")
    page = await opened(browser, await page_address(claude), color_scheme=scheme)
    await page.set_viewport_size({"width": width, "height": 680})
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    for ratio in await page.evaluate(CONTRASTS):
        assert ratio >= 4.5
    if "SCREENSHOTS" in os.environ:  # a folder for the pictures of the documents
        picture = Path(os.environ["SCREENSHOTS"]) / f"sign-in-{width}-{scheme}.png"
        await page.screenshot(path=picture, full_page=True)


# The contrast of each text with what is behind it, as WCAG defines it.
CONTRASTS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).slice(0, 3).map((value) => value / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return element.parentElement && parts(colour)[3] === 0 ? ground(element.parentElement) : colour;
  };
  return [...document.querySelectorAll("h1, p, li, label, small, a, button, span, strong")].map((element) => {
    const [one, other] = [light(getComputedStyle(element).color), light(ground(element))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  });
}"""

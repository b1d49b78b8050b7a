import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from qarnot_mcp.settings.fields import SettingsError
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.web.public_url import checked_origin, find_public_url
from tests.support.serving import serve


class Cloudflared:
    """The metrics port of cloudflared: answers in turn what it was given."""

    def __init__(self) -> None:
        self.answers: list[Response] = []
        self.url = ""

    async def quicktunnel(self, request: Request) -> Response:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def cloudflared() -> AsyncIterator[Cloudflared]:
    cloudflared = Cloudflared()
    async with serve(Starlette(routes=[Route("/quicktunnel", cloudflared.quicktunnel)])) as cloudflared.url:
        yield cloudflared


def named(hostname: object) -> Response:
    return JSONResponse({"hostname": hostname})


async def test_the_address_that_is_set_comes_first(cloudflared: Cloudflared) -> None:
    assert await find_public_url("https://MCP.example.org", cloudflared.url) == "https://mcp.example.org"


async def test_without_a_tunnel_there_is_no_address() -> None:
    assert await find_public_url(None, None) is None


@pytest.mark.parametrize("suffix", ["", "/", "/quicktunnel"])
async def test_the_tunnel_tells_its_address(cloudflared: Cloudflared, suffix: str) -> None:
    cloudflared.answers = [named("Some-Words.trycloudflare.com")]
    found = await find_public_url(None, cloudflared.url + suffix)
    assert found == "https://some-words.trycloudflare.com"


async def test_no_proxy_of_the_environment_names_the_public_address(
    cloudflared: Cloudflared, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Cloudflared()
    proxy.answers = [named("evil.trycloudflare.com")]
    cloudflared.answers = [named("some-words.trycloudflare.com")]
    async with serve(Starlette(routes=[Route("/{path:path}", proxy.quicktunnel)])) as proxy_url:
        monkeypatch.setenv("HTTP_PROXY", proxy_url)
        monkeypatch.setenv("ALL_PROXY", proxy_url)
        assert await find_public_url(None, cloudflared.url) == "https://some-words.trycloudflare.com"


async def test_a_tunnel_that_is_still_starting_is_asked_again(cloudflared: Cloudflared) -> None:
    cloudflared.answers = [Response("starting", 503), named(""), named("some-words.trycloudflare.com")]
    assert await find_public_url(None, cloudflared.url) == "https://some-words.trycloudflare.com"


@pytest.mark.parametrize("answer", [None, 7, "", "evil.example/path", "user@host.example", "no-dots", "a b.example"])
async def test_an_answer_that_is_no_host_name_is_not_believed(
    cloudflared: Cloudflared, answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    cloudflared.answers = [named(answer)]
    with caplog.at_level(logging.WARNING):
        assert await find_public_url(None, cloudflared.url, wait_seconds=0) is None
    assert "QARNOT_MCP_PUBLIC_URL" in caplog.text


async def test_an_answer_that_is_no_object_is_not_believed(cloudflared: Cloudflared) -> None:
    cloudflared.answers = [JSONResponse(["hostname"])]
    assert await find_public_url(None, cloudflared.url, wait_seconds=0) is None


async def test_nobody_at_the_metrics_address_is_said_after_a_bounded_wait(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(10):
            assert await find_public_url(None, "http://127.0.0.1:1", wait_seconds=0) is None
    assert "http://127.0.0.1:1 did not tell" in caplog.text


@pytest.mark.parametrize("address", ["https://mcp.example.org", "https://h.example:8443", "http://localhost:8000"])
def test_an_origin_is_taken_as_it_is(address: str) -> None:
    assert checked_origin(address) == address


@pytest.mark.parametrize("address", ["https://mcp.example.org:443", "https://MCP.example.org"])
def test_an_origin_is_written_as_browsers_do(address: str) -> None:
    assert checked_origin(address) == "https://mcp.example.org"


def test_an_address_with_a_path_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"such as https://mcp\.example\.org"):
        checked_origin("https://mcp.example.org/mcp")


def test_an_address_in_the_clear_is_refused() -> None:
    with pytest.raises(SettingsError, match="not https"):
        checked_origin("http://mcp.example.org")


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://MCP.Bücher.example:443/", "https://mcp.xn--bcher-kva.example"),
        ("https://例え.テスト:8443", "https://xn--r8jz45g.xn--zckzah:8443"),
    ],
)
def test_an_international_name_is_written_as_it_travels(given: str, origin: str) -> None:
    settings = Settings(_env_file=None, public_url=given)
    assert settings.public_url is not None
    assert checked_origin(settings.public_url) == origin

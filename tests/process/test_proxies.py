import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from qarnot_mcp.process.serve import PROXIES


async def client_behind(peer: str) -> str:
    """Return whom the application takes for the client of a request that came from `peer`."""
    seen: list[str] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["client"][0])

    scope = {"type": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", b"198.51.100.7")]}
    await ProxyHeadersMiddleware(application, trusted_hosts=PROXIES)(scope, None, None)  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.1.2.3", "::ffff:127.0.0.1", "::ffff:172.31.0.9"])
async def test_a_proxy_is_believed_also_where_the_socket_listens_on_both_families(peer: str) -> None:
    assert await client_behind(peer) == "198.51.100.7"


@pytest.mark.parametrize("peer", ["203.0.113.9", "::ffff:203.0.113.9", "::ffff:172.32.0.1", "2001:db8::1"])
async def test_a_stranger_cannot_choose_the_address_it_is_counted_for(peer: str) -> None:
    assert await client_behind(peer) == peer

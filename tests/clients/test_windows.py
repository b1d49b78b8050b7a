"""Windows of one client that share its credentials; `windows.py` does the same with Claude Code itself."""

import asyncio

import httpx

from tests.support.oauth_only_server import ALICE, Accounts, oauth_only_server
from tests.support.sign_in import SignIn

WINDOWS, ROUNDS = 6, 10


async def test_six_windows_refresh_at_once_for_ten_rounds_and_only_a_late_reuse_signs_out() -> None:
    async with oauth_only_server(Accounts()) as origin, httpx.AsyncClient(timeout=10) as http:
        sign_in = SignIn(origin, http)
        shared = first = await sign_in.tokens(ALICE)
        for _ in range(ROUNDS):
            responses = await asyncio.gather(*(sign_in.refresh(shared["refresh_token"]) for _ in range(WINDOWS)))
            assert [response.status_code for response in responses] == [200] * WINDOWS
            calls = await asyncio.gather(*(sign_in.call(each.json()["access_token"]) for each in responses))
            assert all(ALICE in answer.text for answer in calls)
            shared = responses[-1].json()  # the window that writes last
        assert (await sign_in.refresh(first["refresh_token"])).status_code == 400
        assert (await sign_in.call(shared["access_token"])).status_code == 401
        assert (await sign_in.refresh(shared["refresh_token"])).status_code == 400

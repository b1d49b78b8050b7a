"""The server behind a proxy on the same machine: who is who, and which address counts."""

import httpx
import pytest

from tests.support.processes import OAUTH, server_process
from tests.support.sign_in import SignIn

pytestmark = pytest.mark.e2e


async def test_wrong_keys_count_for_the_person_behind_the_proxy(http: httpx.AsyncClient) -> None:
    async with server_process("--sandbox", **OAUTH) as server:
        sign_in = SignIn(server.origin, http)
        await sign_in.register()
        page = await sign_in.page()
        http.headers["X-Forwarded-For"] = "192.0.2.1"
        statuses = [(await sign_in.post(page, f"wrong-{number}")).status_code for number in range(4)]
        assert statuses == [403, 403, 403, 429]
        http.headers["X-Forwarded-For"] = "192.0.2.2"
        assert (await sign_in.post(page, "sandbox-alice")).status_code == 303
        assert "192.0.2.1" in server.text

"""What the log of a whole run shows at its most talkative: what happens, and no secret."""

import re

import httpx
import pytest

from tests.support.processes import OAUTH, server_process
from tests.support.sign_in import SignIn, form_of, parameters_of

pytestmark = pytest.mark.e2e

ALICE = "sandbox-alice-a1b2c3d4"
WRONG = "mistyped-e5f6a7b8"


@pytest.mark.parametrize("form", ["text", "json"])
async def test_the_log_of_a_run_holds_no_secret(form: str, http: httpx.AsyncClient) -> None:
    settings = {"LOG_LEVEL": "DEBUG", "QARNOT_MCP_LOG_FORMAT": form, **OAUTH}
    async with server_process("--sandbox", **settings) as server:
        sign_in = SignIn(server.origin, http)
        secrets = {ALICE, WRONG, sign_in.verifier, sign_in.state, OAUTH["QARNOT_MCP_SECRET_KEY"]}
        await sign_in.register()
        page = await sign_in.page()
        secrets |= {form_of(page), page.url.params["request"], *dict(http.cookies).values()}
        assert (await sign_in.post(page, WRONG)).status_code == 403
        answer = await sign_in.post(page, ALICE)
        code = parameters_of(answer)["code"]
        first = (await sign_in.exchange(code)).json()
        assert (await sign_in.exchange(code, code_verifier="wrong" * 9)).status_code == 400
        for token in (first["access_token"], "malformed-token", ALICE, None):
            await sign_in.call(token, "list_tasks")
        second = (await sign_in.refresh(first["refresh_token"])).json()
        third = (await sign_in.refresh(second["refresh_token"])).json()
        assert (await sign_in.refresh(first["refresh_token"])).status_code == 400
        await http.get(f"{sign_in.origin}/authorize?client_id=x&state=a-secret-state")
        await http.get(f"{sign_in.origin}/mcp?token=a-secret-token", headers={"X-Api-Key": "a-secret-key"})
        secrets |= {code, "a-secret-state", "a-secret-token", "a-secret-key", "malformed-token"}
        secrets |= {tokens[kind] for tokens in (first, second, third) for kind in ("access_token", "refresh_token")}
    assert "list_tasks" in server.text
    assert "Qarnot refused a key" in server.text
    assert "was ended: a refresh token was used again" in server.text
    for secret in secrets:
        assert secret not in server.text
        assert secret[:24] not in server.text or len(secret) < 24
    assert re.search(r"[?&](code|state|request|token)=", server.text) is None

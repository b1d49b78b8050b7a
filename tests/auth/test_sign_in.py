import asyncio
import itertools
import re
import threading

import httpx
import pytest
from fastmcp.server.auth.cimd import CIMDDocument, CIMDFetchError

from qarnot_mcp.auth.oauth.clients import MAX_FETCHES, ClientDocuments, Clients
from qarnot_mcp.auth.oauth.sealing import Sealer
from tests.support.oauth_only_server import ALICE, BOB, SECRET, Accounts, oauth_only_server
from tests.support.running_server import RunningServer
from tests.support.sign_in import REDIRECT, SignIn, form_of, parameters_of


async def test_a_person_signs_in_and_the_client_calls_with_that_key(sign_in: SignIn) -> None:
    tokens = await sign_in.tokens(ALICE)
    assert tokens["token_type"] == "Bearer"
    assert str(tokens["expires_in"]) == "3600"
    assert tokens["scope"] == "qarnot:read qarnot:write"
    assert ALICE in (await sign_in.call(tokens["access_token"])).text


async def test_two_people_use_their_own_keys(sign_in: SignIn) -> None:
    alice, bob = await sign_in.tokens(ALICE), await sign_in.tokens(BOB)
    assert ALICE in (await sign_in.call(alice["access_token"])).text
    assert BOB in (await sign_in.call(bob["access_token"])).text


async def test_the_answer_carries_state_and_issuer(sign_in: SignIn) -> None:
    await sign_in.register()
    response = await sign_in.post(await sign_in.page(), ALICE)
    assert response.status_code == 303
    assert response.headers["location"].startswith(f"{REDIRECT}?")
    answer = parameters_of(response)
    assert answer["state"] == sign_in.state
    assert answer["iss"] == sign_in.origin
    assert response.headers["cache-control"] == "no-store"


async def test_a_client_that_sends_no_state_gets_none(sign_in: SignIn) -> None:
    await sign_in.register()
    response = await sign_in.post(await sign_in.page(state=None), ALICE)
    assert "state" not in parameters_of(response)


async def test_a_person_can_cancel(sign_in: SignIn, accounts: Accounts) -> None:
    await sign_in.register()
    response = await sign_in.post(await sign_in.page(), "", answer="cancel")
    assert response.status_code == 303
    assert parameters_of(response)["error"] == "access_denied"
    assert parameters_of(response)["iss"] == sign_in.origin
    assert accounts.checks == 0


async def test_read_only_gives_a_token_that_cannot_write(sign_in: SignIn) -> None:
    tokens = await sign_in.tokens(ALICE, read_only="yes")
    assert tokens["scope"] == "qarnot:read"
    assert ALICE in (await sign_in.call(tokens["access_token"])).text
    assert "changed" not in (await sign_in.call(tokens["access_token"], "change")).text


async def test_a_client_that_asks_for_reading_only_gets_no_more(sign_in: SignIn) -> None:
    await sign_in.register()
    page = await sign_in.page(scope="qarnot:read offline_access")
    assert "read_only" not in page.text
    response = await sign_in.post(page, ALICE)
    tokens = (await sign_in.exchange(parameters_of(response)["code"])).json()
    assert tokens["scope"] == "qarnot:read"


async def test_a_refresh_token_brings_new_tokens(sign_in: SignIn, accounts: Accounts) -> None:
    first = await sign_in.tokens(ALICE)
    accounts.checks = 0
    second = (await sign_in.refresh(first["refresh_token"])).json()
    assert accounts.checks == 1
    assert second["refresh_token"] != first["refresh_token"]
    assert ALICE in (await sign_in.call(second["access_token"])).text
    assert (await sign_in.refresh(second["refresh_token"])).status_code == 200


async def test_two_parallel_refreshes_do_not_end_the_session(sign_in: SignIn) -> None:
    tokens = await sign_in.tokens(ALICE)
    responses = await asyncio.gather(*(sign_in.refresh(tokens["refresh_token"]) for _ in range(2)))
    for response in responses:
        assert ALICE in (await sign_in.call(response.json()["access_token"])).text
        assert (await sign_in.refresh(response.json()["refresh_token"])).status_code == 200


async def test_a_client_that_lost_the_response_of_a_refresh_can_refresh_again(sign_in: SignIn) -> None:
    tokens = await sign_in.tokens(ALICE)
    assert (await sign_in.refresh(tokens["refresh_token"])).status_code == 200  # never arrives
    second = await sign_in.refresh(tokens["refresh_token"])
    assert ALICE in (await sign_in.call(second.json()["access_token"])).text
    assert ALICE in (await sign_in.call(tokens["access_token"])).text


async def test_a_refresh_can_ask_for_less_and_never_for_more(sign_in: SignIn) -> None:
    first = await sign_in.tokens(ALICE)
    less = (await sign_in.refresh(first["refresh_token"], scope="qarnot:read")).json()
    assert less["scope"] == "qarnot:read"
    more = await sign_in.refresh(less["refresh_token"], scope="qarnot:read qarnot:write")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


async def test_a_revoked_key_ends_the_session_at_the_next_refresh(sign_in: SignIn, accounts: Accounts) -> None:
    tokens = await sign_in.tokens(ALICE)
    accounts.keys.remove(ALICE)
    response = await sign_in.refresh(tokens["refresh_token"])
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
    assert (await sign_in.call(tokens["access_token"])).status_code == 401


async def test_a_key_that_is_revoked_ends_the_session_at_the_request_after_the_first_refusal(
    server: RunningServer, full_sign_in: SignIn
) -> None:
    tokens = await full_sign_in.tokens("sandbox-alice")
    await server.revoke("sandbox-alice")
    told = await full_sign_in.call(tokens["access_token"], "list_tasks")
    assert "Qarnot refused the API key" in told.text
    refused = await full_sign_in.call(tokens["access_token"], "list_tasks")
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert (await full_sign_in.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_an_api_that_does_not_answer_costs_no_refresh_token(sign_in: SignIn, accounts: Accounts) -> None:
    tokens = await sign_in.tokens(ALICE)
    accounts.answers = False
    response = await sign_in.refresh(tokens["refresh_token"])
    assert response.status_code == 503
    assert response.headers["retry-after"]
    accounts.answers = True
    assert (await sign_in.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_client_can_end_its_session(sign_in: SignIn) -> None:
    for kind in ("access_token", "refresh_token"):
        tokens = await sign_in.tokens(ALICE)
        data = {"token": tokens[kind], "client_id": sign_in.client_id}
        assert (await sign_in.http.post(f"{sign_in.origin}/revoke", data=data)).status_code == 200
        assert (await sign_in.call(tokens["access_token"])).status_code == 401
        assert (await sign_in.refresh(tokens["refresh_token"])).status_code == 400


async def test_a_client_cannot_end_the_session_of_another(sign_in: SignIn) -> None:
    tokens = await sign_in.tokens(ALICE)
    other = SignIn(sign_in.origin, sign_in.http)
    await other.register()
    for kind in ("access_token", "refresh_token"):
        data = {"token": tokens[kind], "client_id": other.client_id}
        assert (await sign_in.http.post(f"{sign_in.origin}/revoke", data=data)).status_code == 200
    assert (await sign_in.call(tokens["access_token"])).status_code == 200


async def test_revoking_needs_a_token_and_a_known_client(sign_in: SignIn) -> None:
    await sign_in.register()
    for data in ({"token": "x", "client_id": "unknown"}, {"client_id": sign_in.client_id}, {}):
        response = await sign_in.http.post(f"{sign_in.origin}/revoke", data=data)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    unknown = {"token": "x", "client_id": sign_in.client_id}
    assert (await sign_in.http.post(f"{sign_in.origin}/revoke", data=unknown)).status_code == 200


async def test_a_wrong_key_shows_the_page_again(sign_in: SignIn) -> None:
    await sign_in.register()
    page = await sign_in.post(await sign_in.page(), "sandbox-mistyped")
    assert page.status_code == 403
    assert "Qarnot does not accept this key" in page.text
    assert "sandbox-mistyped" not in page.text
    assert (await sign_in.post(page, ALICE)).status_code == 303


async def test_a_text_that_is_no_key_is_not_sent_to_the_api(sign_in: SignIn, accounts: Accounts) -> None:
    await sign_in.register()
    for text in ("", "two words", "clé", "x" * 300):
        page = await sign_in.post(await sign_in.page(), text)
        assert page.status_code == 400
        assert "This is not an API key" in page.text
    assert accounts.checks == 0


async def test_a_key_is_taken_with_the_spaces_that_came_along(sign_in: SignIn) -> None:
    await sign_in.register()
    assert (await sign_in.post(await sign_in.page(), f" {ALICE}\n")).status_code == 303


async def test_wrong_keys_are_braked(sign_in: SignIn, accounts: Accounts) -> None:
    await sign_in.register()
    page = await sign_in.page()
    statuses = [(await sign_in.post(page, f"sandbox-wrong-{number}")).status_code for number in range(3)]
    assert statuses == [403, 403, 403]
    braked = await sign_in.post(page, ALICE)
    assert braked.status_code == 429
    assert braked.headers["retry-after"] == "2"
    assert "Wait 2 s" in braked.text
    assert accounts.checks == 3


async def test_an_api_that_does_not_answer_is_said_and_not_counted(sign_in: SignIn, accounts: Accounts) -> None:
    await sign_in.register()
    accounts.answers = False
    page = await sign_in.page()
    for _ in range(5):
        answer = await sign_in.post(page, ALICE)
        assert answer.status_code == 503
        assert "Qarnot is not responding" in answer.text
    accounts.answers = True
    assert (await sign_in.post(page, ALICE)).status_code == 303


async def test_the_page_names_the_client_and_where_it_returns(sign_in: SignIn) -> None:
    await sign_in.register(client_name="<b>Clüde & Co</b>")
    page = await sign_in.page()
    assert "&lt;b&gt;Clüde &amp; Co&lt;/b&gt;" in page.text
    assert "localhost:53682" in page.text
    assert "https://tasq.qarnot.com/settings/access-token" in page.text


async def test_the_page_speaks_french(sign_in: SignIn) -> None:
    await sign_in.register()
    sign_in.http.headers["Accept-Language"] = "fr-FR,fr;q=0.9,en;q=0.5"
    page = await sign_in.page()
    assert '<html lang="fr">' in page.text
    assert "Se connecter" in page.text
    assert page.headers["vary"] == "Accept-Language"


async def test_the_page_runs_no_script_and_is_kept_by_nobody(sign_in: SignIn) -> None:
    await sign_in.register()
    page = await sign_in.page()
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    assert "<script" not in page.text
    assert re.findall(r"\son\w+=", page.text) == []


async def test_two_open_pages_do_not_spoil_each_other(sign_in: SignIn) -> None:
    await sign_in.register()
    first, second = await sign_in.page(), await sign_in.page()
    assert (await sign_in.post(first, ALICE)).status_code == 303
    assert (await sign_in.post(second, BOB)).status_code == 303


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_address_or_form_that_is_not_ours_is_explained(sign_in: SignIn, method: str) -> None:
    response = await sign_in.http.request(method, f"{sign_in.origin}/login?request=x", data={"form": "x"})
    assert response.status_code == 400
    assert "This sign-in has expired" in response.text
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


async def test_a_browser_gets_a_page_where_the_client_is_unknown(sign_in: SignIn) -> None:
    sign_in.http.headers["Accept"] = "text/html,*/*"
    sign_in.client_id = "registered-at-another-server"
    response = await sign_in.authorize()
    assert response.status_code == 400
    assert "does not know the program" in response.text


async def test_a_browser_gets_a_page_where_the_callback_is_foreign(sign_in: SignIn) -> None:
    await sign_in.register()
    sign_in.http.headers["Accept"] = "text/html,*/*"
    response = await sign_in.authorize(redirect_uri="https://evil.example/")
    assert response.status_code == 400
    assert "QARNOT_MCP_ALLOWED_REDIRECTS" in response.text
    assert "evil.example" not in response.headers.get("location", "")


async def test_a_program_gets_json_where_the_client_is_unknown(sign_in: SignIn) -> None:
    sign_in.client_id = "registered-at-another-server"
    response = await sign_in.authorize()
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_an_error_that_goes_back_to_the_client_carries_the_issuer(sign_in: SignIn) -> None:
    await sign_in.register()
    for wrong in ({"code_challenge": None}, {"code_challenge": "short"}, {"state": "s" * 3000}):
        response = await sign_in.authorize(**wrong)
        assert response.status_code == 302
        answer = parameters_of(response)
        assert answer["error"] == "invalid_request"
        assert answer["iss"] == sign_in.origin


@pytest.mark.parametrize("client_id", ["https://a..b/x", "https://example.com:99999/x", "https://[::1/x"])
async def test_a_malformed_client_id_is_a_400_and_one_line_of_the_log(
    sign_in: SignIn, client_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in.client_id = client_id
    response = await sign_in.authorize()
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert [record.exc_info for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == [None]


async def test_one_address_cannot_hold_all_places_in_which_documents_are_fetched(
    accounts: Accounts, http: httpx.AsyncClient
) -> None:
    is_over = threading.Event()

    async def fetch(address: str) -> CIMDDocument:
        await asyncio.to_thread(is_over.wait, 60)
        raise CIMDFetchError("404")

    documents = ClientDocuments(fetch)
    clients = Clients(Sealer([SECRET]), (), documents)
    async with oauth_only_server(accounts, clients=clients) as origin:
        http.headers["X-Forwarded-For"] = "198.51.100.1"
        sign_in = SignIn(origin, http, client_id="https://slow.example/x")
        held = [asyncio.create_task(sign_in.authorize()) for _ in range(MAX_FETCHES)]
        refused = [await task for task in itertools.islice(asyncio.as_completed(held), MAX_FETCHES // 2)]
        assert [response.status_code for response in refused] == [429] * len(refused)
        assert {response.headers["retry-after"] for response in refused} == {"5"}
        http.headers["X-Forwarded-For"] = "198.51.100.2"
        other = SignIn(origin, http)
        await other.register()
        assert (await other.authorize()).status_code == 302
        is_over.set()
        await asyncio.wait(held)
        assert (await sign_in.authorize()).status_code == 400
    documents.close()


@pytest.mark.parametrize("path", ["/token", "/revoke", "/login", "/authorize"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b; charset=undefined", "application/json", "x"])
async def test_a_form_that_cannot_be_decoded_is_a_400_without_a_traceback(
    sign_in: SignIn, path: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="form"\r\n\r\nx\r\n--b--\r\n'
    response = await sign_in.http.post(f"{sign_in.origin}{path}", content=part, headers={"Content-Type": kind})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert "application/x-www-form-urlencoded" in response.json()["error_description"]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    "body", [b"\xff", b"[" * 5_000, b"1" * 5_000, b'{"redirect_uris": ["\\ud800://x"]}', b'{"client_name": "\\ud800"}']
)
async def test_a_malformed_registration_is_a_400_without_a_traceback(
    sign_in: SignIn, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    response = await sign_in.http.post(f"{sign_in.origin}/register", content=body)
    assert response.status_code == 400
    assert response.json()["error_description"]
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_sign_in_that_began_at_one_server_cannot_end_at_another_with_the_same_secret(
    sign_in: SignIn, accounts: Accounts
) -> None:
    await sign_in.register()
    page = await sign_in.page()
    async with oauth_only_server(accounts) as other:
        shown = await sign_in.http.get(str(page.url).replace(sign_in.origin, other))
        taken = await sign_in.http.post(f"{other}/login", data={"form": form_of(page), "key": ALICE})
    for response in (shown, taken):
        assert response.status_code == 400
        assert "This sign-in has expired" in response.text
    assert accounts.checks == 0

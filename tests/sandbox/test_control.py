"""The switches of the sandbox: the journal, the clock and revoked keys."""

from typing import Any

import pytest

from tests.support.sandbox_calls import Caller, caller


async def test_the_journal_tells_who_asked_for_what_and_keeps_no_key(app: Any, api: Caller) -> None:
    await api.http.get("/v1/info", headers={"X-Request-Id": "r-1", "User-Agent": "tester"})
    await caller(app, "wrong-key-that-stays-secret").http.post("/tasks", json={})
    journal = await api.get("/sandbox/journal")
    assert journal["count"] == 2
    first, second = journal["requests"]
    assert (first["method"], first["path"], first["status"]) == ("GET", "/info", 200)
    assert (first["request_id"], first["user_agent"]) == ("r-1", "tester")
    assert first["account"] == (await api.get("/info"))["email"]
    assert (second["status"], second["account"]) == (401, None)
    assert first["key_tag"] != second["key_tag"]
    assert "wrong-key" not in str(journal)
    await api.http.delete("/sandbox/journal")
    assert await api.get("/sandbox/journal") == {"requests": [], "count": 0}


async def test_a_call_without_a_key_has_no_tag(app: Any) -> None:
    nobody = caller(app, "")
    await nobody.get("/settings")
    assert (await nobody.get("/sandbox/journal"))["requests"][0]["key_tag"] == ""


async def test_the_journal_tells_of_faults(api: Caller) -> None:
    await api.post("/sandbox/faults", {"kind": "status", "status": 503})
    await api.http.get("/info")
    entry = (await api.get("/sandbox/journal"))["requests"][0]
    assert (entry["fault"], entry["status"]) == ("status", None)


async def test_the_clock_moves_on_demand(api: Caller) -> None:
    before = await api.get("/sandbox/clock")
    after = await api.post("/sandbox/clock", {"advance_seconds": 90.5})
    assert after["now_seconds"] - before["now_seconds"] == 90
    assert (before["now"], before["speed"]) == ("2026-11-20T10:00:00Z", 1)


@pytest.mark.parametrize("body", [{}, {"advance_seconds": -1}, {"advance_seconds": 1e12}, {"advance_seconds": "1"}])
async def test_the_clock_does_not_go_back_or_too_far(api: Caller, body: Any) -> None:
    assert (await api.refusal("POST", "/sandbox/clock", body))[0] == 400


async def test_a_revoked_key_is_refused(app: Any, api: Caller) -> None:
    other = caller(app, "sandbox-empty-other")
    await other.get("/info")
    await api.post("/sandbox/revoke", {"key": "sandbox-empty-other"})
    assert (await other.http.get("/info")).status_code == 401
    await api.get("/info")
    assert (await api.refusal("POST", "/sandbox/revoke", {}))[0] == 400


async def test_other_switches_do_not_exist(api: Caller) -> None:
    for method, path in (("GET", "/sandbox"), ("GET", "/sandbox/revoke"), ("POST", "/sandbox/journal")):
        assert (await api.refusal(method, path))[0] == 404


async def test_the_number_of_revoked_keys_is_bounded(api: Caller) -> None:
    for number in range(1000):
        await api.post("/sandbox/revoke", {"key": f"sandbox-{number}"})
    assert (await api.refusal("POST", "/sandbox/revoke", {"key": "sandbox-last"}))[0] == 403

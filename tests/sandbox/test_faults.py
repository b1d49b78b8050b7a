"""Faults on demand, at the level where a client meets them: on a real socket, with both of uvicorn's protocols."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from qarnot_mcp.sandbox.app import create_app
from tests.support.sandbox_calls import EMPTY_KEY, Caller, caller
from tests.support.serving import serve

VALID: dict[str, Any] = {"name": "x", "profile": "docker-batch", "instanceCount": 1}


@pytest.fixture(params=["httptools", "h11"])
async def remote(request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    """A sandbox behind a socket."""
    async with (
        serve(create_app(seed=1), http=request.param) as url,
        httpx.AsyncClient(base_url=url, headers={"Authorization": EMPTY_KEY}, timeout=10) as http,
    ):
        yield Caller(http)


async def faulty(api: Caller, method: str, path: str, fault: dict[str, Any], body: Any = None) -> httpx.Response:
    """One call with a fault of its own."""
    return await api.http.request(method, path, json=body, headers={"X-Sandbox-Fault": json.dumps(fault)})


async def test_a_connection_breaks_before_the_work(remote: Caller) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await faulty(remote, "POST", "/tasks", {"kind": "disconnect"}, VALID)
    assert await remote.get("/tasks") == []


async def test_a_connection_breaks_after_the_work(remote: Caller) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await faulty(remote, "POST", "/tasks", {"kind": "disconnect", "when": "after"}, VALID)
    assert len(await remote.get("/tasks")) == 1


async def test_a_body_is_cut(remote: Caller) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await faulty(remote, "GET", "/info", {"kind": "cut"})
    assert (await remote.get("/info"))["taskCount"] == 0


async def test_a_slow_body_arrives_whole(remote: Caller) -> None:
    slow = await faulty(remote, "GET", "/profiles", {"kind": "slow", "seconds": 0.02})
    assert slow.json() == await remote.get("/profiles")


async def test_an_endless_body_goes_on_until_the_client_leaves(remote: Caller) -> None:
    headers = {"X-Sandbox-Fault": '{"kind": "endless"}'}
    length = 0
    async with remote.http.stream("GET", "/info", headers=headers) as response:
        async for piece in response.aiter_bytes():
            length += len(piece)
            if length > 2_000_000:
                break
    assert response.status_code == 200
    assert (await remote.get("/info"))["taskCount"] == 0


async def test_a_status_comes_before_or_after_the_work(api: Caller) -> None:
    fault = {"kind": "status", "status": 429, "retry_after": "2", "message": "too fast"}
    response = await faulty(api, "POST", "/tasks", fault, VALID)
    assert (response.status_code, response.headers["retry-after"]) == (429, "2")
    assert response.json() == {"message": "too fast"}
    assert await api.get("/tasks") == []
    response = await faulty(api, "POST", "/tasks", {"kind": "status", "status": 502, "when": "after"}, VALID)
    assert response.status_code == 502
    assert "retry-after" not in response.headers
    assert len(await api.get("/tasks")) == 1


async def test_an_answer_may_be_no_json_or_of_another_type(api: Caller) -> None:
    page = await faulty(api, "GET", "/info", {"kind": "not_json"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert (await faulty(api, "GET", "/info", {"kind": "wrong_type"})).json() == ["unexpected"]
    assert (await faulty(api, "GET", "/profiles", {"kind": "wrong_type"})).json() == {"unexpected": True}
    assert (await faulty(api, "GET", "/profiles", {"kind": "not_json", "when": "before"})).status_code == 200


async def test_a_late_task_is_created_and_seen_only_later() -> None:
    now = 1_795_168_800.0
    api = caller(create_app(speed=1, seed=1, clock=lambda: now), EMPTY_KEY)
    response = await faulty(api, "POST", "/tasks", {"kind": "late", "seconds": 5}, VALID | {"shortname": "late"})
    uuid = response.json()["uuid"]
    lost = {"kind": "status", "status": 504, "when": "after", "late_seconds": 5}
    assert (await faulty(api, "POST", "/tasks", lost, VALID)).status_code == 504
    for path in ("/tasks/late", f"/tasks/{uuid}"):
        assert (await api.refusal("GET", path))[0] == 404
    assert await api.get("/tasks") == []
    now += 5
    assert (await api.get("/tasks/late"))["uuid"] == uuid
    assert len(await api.get("/tasks")) == 2


async def test_a_waiting_fault_meets_the_calls_that_fit_and_no_more_than_its_count(app: Any, api: Caller) -> None:
    match = {"method": "post", "path": "/tasks/*/abort", "key": EMPTY_KEY}
    waiting = await api.post("/sandbox/faults", {"kind": "status", "status": 500, "count": 2, "match": match})
    assert waiting == [{"kind": "status", "count": 2, "method": "POST", "path": "/tasks/*/abort"}]
    uuid, other = await api.submit(), caller(app, "sandbox-empty-other")
    other_uuid = await other.submit()
    assert (await api.http.get(f"/tasks/{uuid}")).status_code == 200
    assert (await other.http.post(f"/tasks/{other_uuid}/abort")).status_code == 200
    statuses = [(await api.http.post(f"/v1/tasks/{uuid}/Abort")).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]
    assert await api.get("/sandbox/faults") == []


async def test_faults_meet_calls_in_their_order_until_they_are_cleared(api: Caller) -> None:
    await api.post("/sandbox/faults", {"kind": "status", "status": 429})
    await api.post("/sandbox/faults", {"kind": "status", "status": 500, "count": 0})
    assert [(await api.http.get("/info")).status_code for _ in range(4)] == [429, 500, 500, 500]
    await api.http.delete("/sandbox/faults")
    assert (await api.http.get("/info")).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "earthquake"},
        {"kind": "status", "status": 42},
        {"kind": "status", "when": "later"},
        {"kind": "slow", "seconds": -1},
        {"kind": "late", "late_seconds": 1e6},
        {"kind": "late", "when": "before"},
        {"kind": "status", "retry_after": "a\r\nb"},
        {"kind": "status", "count": "many"},
        [],
    ],
)
async def test_a_fault_that_cannot_be_is_refused(api: Caller, fault: Any) -> None:
    assert (await api.refusal("POST", "/sandbox/faults", fault))[0] == 400
    assert (await faulty(api, "GET", "/info", fault)).status_code == 400


async def test_the_number_of_waiting_faults_is_bounded(api: Caller) -> None:
    for _ in range(100):
        await api.post("/sandbox/faults", {"kind": "late", "match": {"path": "/never"}})
    assert (await api.refusal("POST", "/sandbox/faults", {"kind": "late"}))[0] == 400


async def test_in_process_a_broken_connection_is_an_exception(api: Caller) -> None:
    with pytest.raises(ConnectionResetError):
        await faulty(api, "GET", "/info", {"kind": "disconnect"})
    with pytest.raises(ConnectionResetError):
        await faulty(api, "GET", "/info", {"kind": "cut"})


async def test_in_process_an_endless_body_breaks_too(api: Caller) -> None:
    with pytest.raises(ConnectionResetError):
        await faulty(api, "GET", "/info", {"kind": "endless"})

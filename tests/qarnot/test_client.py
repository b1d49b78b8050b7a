"""Each call of the API: what is sent, what is read, what goes wrong."""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpcore
import httpx
import pytest
import respx

from qarnot_mcp import __version__
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import (
    Forbidden,
    InvalidArgument,
    KeyRefused,
    MalformedKey,
    NoKey,
    NotFound,
    QarnotError,
    RateLimited,
    ReadOnly,
    ServerFailed,
    TaskEnded,
    Unreachable,
    UnreadableResponse,
)
from qarnot_mcp.qarnot.items import TaskFilter
from qarnot_mcp.tools.tasks.new_task import NewTask
from tests.support.qarnot_api import HOST, KEY, OTHER_UUID, UUID, FakeClock, opened, task_document

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PROFILE = {"name": None, "constants": [{"name": "DOCKER_TAG", "value": "latest", "description": "Tag"}], "licenses": []}
OTHER = {"uuid": OTHER_UUID, "name": "night", "shortname": "night-1", "state": "Active"}
Method = Callable[[QarnotClient], Awaitable[object]]


async def read_log(client: QarnotClient) -> str:
    async with client.tasks.log("hello-1", "stdout") as log:
        return "".join([part.text async for part in log])


READS: dict[str, tuple[str, str, Any, Method]] = {
    "settings": ("GET", "/settings", {"storage": None}, lambda client: client.platform.settings()),
    "user": ("GET", "/info", {"email": "a@example.org"}, lambda client: client.account.get()),
    "profile_names": ("GET", "/profiles", ["docker-batch"], lambda client: client.profiles.names()),
    "profile": ("GET", "/profiles/docker-batch", PROFILE, lambda client: client.profiles.get("docker-batch")),
    "tasks": ("POST", "/tasks/summaries/paginate", {"data": []}, lambda client: client.tasks.page()),
    "task": ("GET", "/tasks/hello-1", task_document(), lambda client: client.tasks.get("hello-1")),
    "selected tasks": ("POST", "/tasks/search", [], lambda client: client.tasks.select([UUID], ["Tags"])),
    "jobs": ("POST", "/jobs/paginate", {"data": [OTHER]}, lambda client: client.jobs.page()),
    "job": ("GET", "/jobs/night-1", OTHER, lambda client: client.jobs.get("night-1")),
    "tasks of a job": ("GET", "/jobs/night-1/tasks", [task_document()], lambda client: client.jobs.tasks("night-1")),
    "pools": ("POST", "/pools/paginate", {"data": [OTHER]}, lambda client: client.pools.page()),
    "pool": ("GET", "/pools/night-1", OTHER, lambda client: client.pools.get("night-1")),
    "log": ("GET", "/tasks/hello-1/stdout", "some text", read_log),
}
READ = pytest.mark.parametrize(("method", "path", "document", "call"), READS.values(), ids=READS)


@READ
async def test_a_call_goes_out_with_the_key_raw_and_our_name(
    client: QarnotClient, api: respx.MockRouter, method: str, path: str, document: Any, call: Method
) -> None:
    route = api.request(method, path).respond(json=document)
    await call(client)
    headers = route.calls.last.request.headers
    assert headers.get("Authorization") == (None if path == "/settings" else KEY)
    assert headers["User-Agent"] == f"qarnot-mcp/{__version__}"
    assert headers["X-Request-Id"] == "req-7"
    assert client.requests == 1


@READ
@pytest.mark.parametrize(
    "failure", [429, 502, 503, 504, httpcore.ReadError("broken"), httpcore.ConnectError("refused")]
)
async def test_a_read_is_tried_again(
    client: QarnotClient,
    api: respx.MockRouter,
    time: FakeClock,
    method: str,
    path: str,
    document: Any,
    call: Method,
    failure: Any,
) -> None:
    first = httpx.Response(failure) if isinstance(failure, int) else failure
    api.request(method, path).mock(side_effect=[first, httpx.Response(200, json=document)])
    await call(client)
    assert time.waits == [0.5]
    assert client.requests == 2


@READ
async def test_a_read_that_keeps_failing_ends_within_its_budget(
    client: QarnotClient, api: respx.MockRouter, time: FakeClock, method: str, path: str, document: Any, call: Method
) -> None:
    api.request(method, path).respond(503, json={"message": "Down"})
    with pytest.raises(ServerFailed, match=r"status 503: Down\. Try again in a moment\. \(request req-7\)$"):
        await call(client)
    assert sum(time.waits) <= 20
    assert len(time.waits) >= 4


@pytest.mark.parametrize("name", ["user", "profile_names", "profile", "tasks", "task", "jobs", "pools", "job", "pool"])
@pytest.mark.parametrize("body", [b"<html>", b"", b"5", b'{"data": 7}', b"[1]", b"[" * 1000, b'{"a": NaN}'])
async def test_a_body_of_another_shape_is_a_clear_error(
    client: QarnotClient, api: respx.MockRouter, name: str, body: bytes
) -> None:
    method, path, _, call = READS[name]
    api.request(method, path).respond(200, content=body)
    with pytest.raises(UnreadableResponse) as caught:
        await call(client)
    assert "pydantic" not in str(caught.value)
    assert "cannot be read" in str(caught.value)


async def test_settings_that_are_no_object_are_a_clear_error(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/settings").respond(json=[1])
    with pytest.raises(UnreadableResponse, match="the settings are not an object"):
        await client.platform.settings()


@READ
async def test_a_key_that_is_refused_is_not_tried_again(
    client: QarnotClient, api: respx.MockRouter, method: str, path: str, document: Any, call: Method
) -> None:
    api.request(method, path).respond(401, json={"error": {"message": "Bad authentication token", "code": 401}})
    with pytest.raises(KeyRefused) as caught:
        await call(client)
    assert KEY not in str(caught.value)
    assert client.requests == 1


async def test_a_long_wait_that_was_asked_for_is_told_and_not_waited(
    client: QarnotClient, api: respx.MockRouter, time: FakeClock
) -> None:
    api.get("/profiles").respond(429, headers={"Retry-After": "60"})
    with pytest.raises(RateLimited, match="Wait 60 s") as caught:
        await client.profiles.names()
    assert caught.value.wait_seconds == 60
    assert time.waits == []


async def test_a_short_wait_that_was_asked_for_is_waited(
    client: QarnotClient, api: respx.MockRouter, time: FakeClock
) -> None:
    api.get("/profiles").mock(
        side_effect=[httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200, json=[])]
    )
    assert await client.profiles.names() == []
    assert len(time.waits) == 1
    assert 7 <= time.waits[0] < 8


async def test_an_api_that_is_away_is_told_so(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/settings").mock(side_effect=httpcore.ConnectError("Connection refused"))
    with pytest.raises(Unreachable, match="cannot be reached: Connection refused"):
        await client.platform.settings()


async def test_the_account_is_asked_once_a_minute(client: QarnotClient, api: respx.MockRouter, time: FakeClock) -> None:
    route = api.get("/info").respond(json={"email": "a@example.org"})
    assert [(await client.account.get(cached=True)).email for _ in range(3)] == ["a@example.org"] * 3
    assert route.call_count == 1
    time.now += 61
    await client.account.get(cached=True)
    await client.account.get()
    assert route.call_count == 3


async def test_a_profile_has_the_name_that_was_asked_for_and_is_kept(
    client: QarnotClient, api: respx.MockRouter
) -> None:
    route = api.get("/profiles/a%20b").respond(json=PROFILE)
    profile = await client.profiles.get("a b", cached=True)
    assert profile.name == "a b"
    assert profile.constants[0].description == "Tag"
    assert await client.profiles.get("a b", cached=True) == profile
    assert route.call_count == 1


async def test_an_unknown_profile_is_named(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/profiles/nope").respond(404, json={"message": "No such profile: nope"})
    with pytest.raises(NotFound, match=r"No profile 'nope' is visible to this API key\. list_profiles"):
        await client.profiles.get("nope")


def page(first: int, count: int, token: str | None, total: int = 120) -> httpx.Response:
    data = [task_document(uuid=UUID, name=f"t{first + number}") for number in range(count)]
    return httpx.Response(
        200, json={"data": data, "count": count, "total": total, "isTruncated": bool(token), "nextToken": token}
    )


async def test_a_page_tells_where_the_next_one_starts(client: QarnotClient, api: respx.MockRouter) -> None:
    route = api.post("/tasks/summaries/paginate").mock(return_value=page(0, 50, "a1"))
    found = await client.tasks.page()
    assert [task.name for task in found.items] == [f"t{number}" for number in range(50)]
    assert (found.total, found.next_cursor) == (120, "a1")
    assert json.loads(route.calls.last.request.content) == {
        "filter": None,
        "token": None,
        "maximumResults": 50,
        "orderBy": "creationDate",
        "orderType": "DESC",
    }


async def test_the_last_page_has_no_cursor(client: QarnotClient, api: respx.MockRouter) -> None:
    route = api.post("/tasks/summaries/paginate").mock(return_value=page(0, 3, None, 3))
    found = await client.tasks.page(limit=3, cursor="a2")
    assert (len(found.items), found.next_cursor) == (3, None)
    asked = json.loads(route.calls.last.request.content)
    assert (asked["token"], asked["maximumResults"]) == ("a2", 3)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"states": ["Success"]}, {"operator": "In", "field": "State", "values": ["Success"]}),
        ({"name_part": "a.b/c"}, {"operator": "Like", "field": "Name", "value": r"/(?i)a\.b\/c/"}),
        ({"name": "a.b/c"}, {"operator": "Equal", "field": "Name", "value": "a.b/c"}),
        (
            {"created_after": NOON, "ended_before": NOON},
            {
                "operator": "And",
                "filters": [
                    {"operator": "GreaterThan", "field": "CreationDate", "value": "2026-11-20T12:00:00Z"},
                    {"operator": "LessThan", "field": "EndDate", "value": "2026-11-20T12:00:00Z"},
                    {"operator": "GreaterThan", "field": "EndDate", "value": "0001-01-01T00:00:00Z"},
                ],
            },
        ),
        ({"tags": ["a"]}, {"operator": "Equal", "field": "Tags", "value": "a"}),
        (
            {"tags": ["a", "b"], "states": ["Failure"]},
            {
                "operator": "And",
                "filters": [
                    {
                        "operator": "Or",
                        "filters": [
                            {"operator": "Equal", "field": "Tags", "value": "a"},
                            {"operator": "Equal", "field": "Tags", "value": "b"},
                        ],
                    },
                    {"operator": "In", "field": "State", "values": ["Failure"]},
                ],
            },
        ),
    ],
)
async def test_filters_speak_the_grammar_of_the_api(
    client: QarnotClient, api: respx.MockRouter, arguments: dict[str, Any], wanted: dict[str, Any]
) -> None:
    path = "/tasks/paginate" if "tags" in arguments else "/tasks/summaries/paginate"
    route = api.post(path).mock(return_value=page(0, 1, None))
    await client.tasks.page(where=TaskFilter(**arguments))
    assert json.loads(route.calls.last.request.content)["filter"] == wanted


@pytest.mark.parametrize("token", ["same", None, "not a token", "x" * 600])
async def test_a_page_that_leads_nowhere_is_an_error_and_no_endless_loop(
    client: QarnotClient, api: respx.MockRouter, token: str | None
) -> None:
    answer = {"data": [], "isTruncated": True, "nextToken": token}
    route = api.post("/tasks/summaries/paginate").respond(json=answer)
    with pytest.raises(UnreadableResponse, match="page of tasks"):
        await client.tasks.page(cursor="same")
    assert route.call_count == 1


@pytest.mark.parametrize("arguments", [{"limit": 0}, {"limit": 51}, {"cursor": "a b"}, {"cursor": ""}])
async def test_a_list_is_bounded(client: QarnotClient, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        await client.tasks.page(**arguments)


@pytest.mark.parametrize("task_id", ["../profiles/x", "", "x" * 300, "summaries"])
async def test_a_task_id_is_checked_before_anything_is_sent(
    client: QarnotClient, api: respx.MockRouter, task_id: str
) -> None:
    for method in (client.tasks.get, client.tasks.abort, client.tasks.delete, client.carbon.facts):
        with pytest.raises(InvalidArgument, match="task_uuid"):
            await method(task_id)
    with pytest.raises(InvalidArgument, match="task_uuid"):
        async with client.tasks.log(task_id, "stdout"):
            pass
    assert client.requests == 0


async def test_an_unknown_task_is_named(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/tasks/nope").respond(404, json={"message": "No such task: nope"})
    with pytest.raises(NotFound, match=r"No task 'nope' is visible to this API key\. list_tasks"):
        await client.tasks.get("nope")


async def test_an_abort_answers_the_task_after_it(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post("/tasks/hello-1/abort").respond(200)
    api.get("/tasks/hello-1").respond(json=task_document(state="PendingCancel"))
    assert (await client.tasks.abort("hello-1")).state == "PendingCancel"


@pytest.mark.parametrize("state", ["Cancelled", "PendingCancel"])
async def test_an_abort_of_what_is_cancelled_already_has_succeeded(
    client: QarnotClient, api: respx.MockRouter, state: str
) -> None:
    api.post("/tasks/hello-1/abort").mock(
        side_effect=[httpx.Response(504), httpx.Response(403, json={"message": "Can't abort"})]
    )
    api.get("/tasks/hello-1").respond(json=task_document(state=state))
    assert (await client.tasks.abort("hello-1")).state == state


async def test_an_abort_of_what_has_ended_says_how(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post("/tasks/hello-1/abort").respond(403, json={"message": "Can't abort the task"})
    api.get("/tasks/hello-1").respond(json=task_document(state="Success"))
    with pytest.raises(TaskEnded, match="'hello-1' cannot be aborted: it has ended with state Success"):
        await client.tasks.abort("hello-1")


async def test_an_abort_that_is_forbidden_otherwise_says_so(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post("/tasks/hello-1/abort").respond(403, json={"message": "Not yours"})
    api.get("/tasks/hello-1").respond(json=task_document())
    with pytest.raises(Forbidden, match="Not yours"):
        await client.tasks.abort("hello-1")


async def test_an_abort_whose_task_cannot_be_read_after_is_told_as_done(
    client: QarnotClient, api: respx.MockRouter
) -> None:
    api.post("/tasks/hello-1/abort").respond(200)
    api.get("/tasks/hello-1").respond(500)
    with pytest.raises(ServerFailed, match="The task was aborted; only its new state could not be read"):
        await client.tasks.abort("hello-1")


@pytest.mark.parametrize(("status", "is_known"), [(504, False), (429, True)])
async def test_an_abort_without_an_answer_says_what_is_known(
    client: QarnotClient, api: respx.MockRouter, status: int, is_known: bool
) -> None:
    api.post("/tasks/hello-1/abort").respond(status)
    with pytest.raises(QarnotError) as caught:
        await client.tasks.abort("hello-1")
    assert ("Whether the task was aborted is not known; it is safe to call again" in str(caught.value)) is not is_known


async def test_a_delete_answers_what_was_deleted(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/tasks/hello-1").respond(json=task_document())
    route = api.delete(f"/tasks/{UUID}").respond(200)
    assert (await client.tasks.delete("hello-1")).name == "hello"
    assert route.call_count == 1


async def test_a_delete_whose_answer_was_lost_finds_the_task_gone(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/tasks/hello-1").respond(json=task_document())
    lost: list[httpx.Response | Exception] = [
        httpcore.ReadError("broken"),
        httpx.Response(404, json={"message": "No such task"}),
    ]
    api.delete(f"/tasks/{UUID}").mock(side_effect=lost)
    assert (await client.tasks.delete("hello-1")).uuid == UUID


async def test_a_delete_of_what_another_deleted_says_so(client: QarnotClient, api: respx.MockRouter) -> None:
    reads = [httpx.Response(503), httpx.Response(200, json=task_document())]
    api.get("/tasks/hello-1").mock(side_effect=reads)
    api.delete(f"/tasks/{UUID}").respond(404, json={"message": "No such task"})
    with pytest.raises(NotFound):
        await client.tasks.delete("hello-1")


async def test_a_delete_that_never_gets_an_answer_is_not_known(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/tasks/hello-1").respond(json=task_document())
    api.delete(f"/tasks/{UUID}").respond(502)
    with pytest.raises(ServerFailed, match="Whether the task was deleted is not known"):
        await client.tasks.delete("hello-1")


PAGE = httpx.Response(200, content=b"<html>Welcome to the hotel</html>")


@pytest.mark.parametrize("after", [httpx.Response(404), httpx.Response(200, json=task_document(state="PendingDelete"))])
async def test_a_delete_that_is_answered_with_a_page_is_made_sure_of(
    client: QarnotClient, api: respx.MockRouter, after: httpx.Response
) -> None:
    api.get("/tasks/hello-1").respond(json=task_document())
    api.delete(f"/tasks/{UUID}").mock(return_value=PAGE)
    api.get(f"/tasks/{UUID}").mock(return_value=after)
    assert (await client.tasks.delete("hello-1")).uuid == UUID


async def test_a_page_in_place_of_a_delete_is_no_success(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get(url__regex="/tasks/.*").respond(json=task_document())
    api.delete(f"/tasks/{UUID}").mock(return_value=PAGE)
    with pytest.raises(UnreadableResponse, match=r"the task is still there.*Whether the task was deleted is not known"):
        await client.tasks.delete("hello-1")


async def test_a_page_in_place_of_an_abort_is_no_success(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/tasks/hello-1").respond(json=task_document())
    api.post("/tasks/hello-1/abort").mock(return_value=PAGE)
    with pytest.raises(UnreadableResponse, match=r"the task goes on.*Whether the task was aborted is not known"):
        await client.tasks.abort("hello-1")


async def test_a_uuid_of_the_api_that_is_none_is_never_part_of_an_address(
    client: QarnotClient, api: respx.MockRouter
) -> None:
    api.get("/tasks/hello-1").respond(json=task_document(uuid="../pools/x"))
    route = api.delete("/tasks/hello-1").respond(200)
    await client.tasks.delete("hello-1")
    assert route.call_count == 1


@pytest.mark.parametrize(("instance", "path"), [(None, "/tasks/hello-1/stderr"), (3, "/tasks/hello-1/stderr/3")])
async def test_a_log_is_read_of_all_or_one_instance(
    client: QarnotClient, api: respx.MockRouter, instance: int | None, path: str
) -> None:
    api.get(path).respond(json=" 0> hello\n")
    async with client.tasks.log("hello-1", "stderr", instance) as log:
        assert "".join([part.text async for part in log]) == " 0> hello\n"
        assert not log.cut


async def test_a_plain_log_that_ends_in_half_a_character_says_so(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/tasks/hello-1/stdout").respond(200, content=b"caf\xc3", headers={"Content-Type": "text/plain"})
    assert await read_log(client) == "caf\ufffd"


async def test_a_log_without_content_is_empty(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/tasks/hello-1/stdout").respond(204)
    assert await read_log(client) == ""


@pytest.mark.parametrize(("said", "words"), [("No such task: hello-1", "No task 'hello-1'"), ("", "No instance 7 is")])
async def test_an_unknown_instance_is_told_apart_from_an_unknown_task(
    client: QarnotClient, api: respx.MockRouter, said: str, words: str
) -> None:
    api.get("/tasks/hello-1/stdout/7").respond(404, json={"message": said})
    with pytest.raises(NotFound, match=words):
        async with client.tasks.log("hello-1", "stdout", 7):
            pass


@pytest.mark.parametrize("arguments", [("hello-1", "nope", None), ("hello-1", "stdout", -1)])
async def test_what_to_read_of_a_log_is_checked(client: QarnotClient, arguments: Any) -> None:
    with pytest.raises(InvalidArgument):
        async with client.tasks.log(*arguments):
            pass


@pytest.mark.parametrize("status", [403, 404])
async def test_carbon_facts_that_are_not_there_are_none(client: QarnotClient, status: int) -> None:
    with respx.mock(base_url=HOST) as router:
        router.get(f"/carbon/v1/tasks/{OTHER_UUID}/carbon-facts").respond(status)
        assert await client.carbon.facts(OTHER_UUID) is None


async def test_carbon_facts_are_beside_the_versions(client: QarnotClient) -> None:
    with respx.mock(base_url=HOST) as router:
        router.get(f"/carbon/v1/tasks/{UUID}/carbon-facts").respond(json={"total_consumed_energy_Wh": 3.5})
        facts = await client.carbon.facts(UUID)
    assert facts is not None
    assert facts.total_consumed_energy_wh == 3.5


async def test_in_read_only_mode_nothing_is_written(api: respx.MockRouter) -> None:
    async with opened(FakeClock(), read_only=True) as client:
        for writing in (
            client.tasks.submit(NewTask(name="n", profile="p")),
            client.tasks.abort("hello-1"),
            client.tasks.delete("hello-1"),
            client.jobs.terminate("night-1"),
            client.jobs.delete("night-1"),
            client.pools.scale("night-1", {}),
            client.pools.close("night-1"),
            client.pools.delete("night-1"),
        ):
            with pytest.raises(ReadOnly, match="QARNOT_MCP_READ_ONLY"):
                await writing
        assert client.requests == 0


@pytest.mark.parametrize(
    ("key", "kind"),
    [("", NoKey), ("a b", MalformedKey), ("a\nb", MalformedKey), ("é", MalformedKey), ("x" * 5000, MalformedKey)],
)
async def test_a_key_that_cannot_be_one_is_never_sent(api: respx.MockRouter, key: str, kind: type[QarnotError]) -> None:
    async with opened(FakeClock(), key=key) as client:
        with pytest.raises(kind) as caught:
            await client.tasks.get("hello-1")
        assert not key or key not in str(caught.value)
        assert client.requests == 0


async def test_a_request_id_that_could_break_a_header_is_left_out(api: respx.MockRouter) -> None:
    route = api.get("/profiles").respond(json=[])
    async with opened(FakeClock(), request_id="a\r\nX: y") as client:
        await client.profiles.names()
    assert "X-Request-Id" not in route.calls.last.request.headers


@pytest.mark.parametrize("status", [400, 403, 404, 502])
async def test_a_key_that_the_api_echoes_is_in_no_error(api: respx.MockRouter, status: int) -> None:
    echoed = {"message": f"cannot use {KEY} or {b64encode(f'user:{KEY}'.encode()).decode()}"}
    api.get(f"/tasks/{UUID}").respond(status, json=echoed)
    async with opened(FakeClock()) as client:
        with pytest.raises(QarnotError) as caught:
            await client.tasks.get(UUID)
    assert KEY not in str(caught.value)
    assert b64encode(KEY.encode()).decode()[2:12] not in str(caught.value)

"""Logs: as JSON strings, marked by instance, in order, bounded, and read once where that is asked for."""

import json

from qarnot_mcp.sandbox.platform.logs import MAX_LOG_LENGTH
from tests.support.sandbox_calls import Caller


async def test_a_log_is_a_json_string_marked_by_instance(api: Caller) -> None:
    uuid = await api.submit("sh -c 'echo hello from $INSTANCE_ID; echo oops >&2'", "2,11", schedulingType="onDemand")
    await api.advance(1000)
    response = await api.http.get(f"/tasks/{uuid}/stdout")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert sorted(json.loads(response.text).splitlines()) == [" 2> hello from 2", "11> hello from 11"]
    assert await api.get(f"/tasks/{uuid}/stdout/11") == "hello from 11\n"
    assert await api.get(f"/tasks/{uuid}/stderr/2") == "oops\n"


async def test_a_log_grows_while_the_task_runs(api: Caller) -> None:
    uuid = await api.submit("sh -c 'echo one; sleep 100; echo two'")
    assert (await api.http.get(f"/tasks/{uuid}/stdout")).content == b""
    await api.advance(200)
    assert await api.get(f"/tasks/{uuid}/stdout/0") == "one\n"
    await api.advance(200)
    assert await api.get(f"/tasks/{uuid}/stdout/0") == "one\ntwo\n"


async def test_a_post_gives_what_is_new_since_the_last_one(api: Caller) -> None:
    uuid = await api.submit("sh -c 'echo one; sleep 100; echo two'")
    await api.advance(200)
    assert await api.post(f"/tasks/{uuid}/stdout") == " 0> one\n"
    assert await api.post(f"/tasks/{uuid}/stdout") == ""
    assert await api.post(f"/tasks/{uuid}/stdout/0") == "one\n"
    await api.advance(200)
    assert await api.post(f"/tasks/{uuid}/stdout") == " 0> two\n"
    assert await api.get(f"/tasks/{uuid}/stdout") == " 0> one\n 0> two\n"


async def test_lines_of_instances_interleave_as_they_were_printed(api: Caller) -> None:
    uuid = await api.submit("sh -c 'echo a; sleep 60; echo b'", 2, schedulingType="onDemand")
    await api.advance(1000)
    lines = (await api.get(f"/tasks/{uuid}/stdout")).splitlines()
    assert [line[4:] for line in lines] == ["a", "a", "b", "b"]


async def test_nothing_is_printed_after_an_abort(api: Caller) -> None:
    uuid = await api.submit("sh -c 'echo one; sleep 100; echo two'")
    await api.advance(200)
    await api.post(f"/tasks/{uuid}/abort")
    await api.advance(1000)
    assert await api.get(f"/tasks/{uuid}/stdout/0") == "one\n"


async def test_each_attempt_prints_again(api: Caller) -> None:
    document = await api.ended(
        "sh -c 'echo begun; sleep 100; echo done'", constants=[{"key": "SANDBOX_PREEMPTIONS", "value": "1"}]
    )
    assert await api.get(f"/tasks/{document['uuid']}/stdout/0") == "begun\nbegun\ndone\n"


async def test_a_log_of_two_hundred_thousand_lines_has_its_one_error(api: Caller) -> None:
    uuid = (await api.ended("sh -c 'seq 1 100000; echo ERROR: disk full; seq 100001 200000'"))["uuid"]
    lines = (await api.get(f"/tasks/{uuid}/stdout/0")).splitlines()
    assert len(lines) == 200_001
    assert lines[100_000] == "ERROR: disk full"
    assert lines[-1] == "200000"


async def test_a_log_beyond_the_bound_keeps_its_end(api: Caller) -> None:
    uuid = (await api.ended("sh -c 'seq 1 999999999; seq 1 999999999; seq 1 999999999; echo end'"))["uuid"]
    log = await api.get(f"/tasks/{uuid}/stdout")
    assert len(log) == MAX_LOG_LENGTH
    assert log.endswith(" 0> 1000000\n 0> end\n")


async def test_an_unknown_instance_has_no_log(api: Caller) -> None:
    uuid = await api.submit(instances="4-5")
    for instance in ("0", "6", "x", "-1", "99999999999999"):
        assert await api.refusal("GET", f"/tasks/{uuid}/stdout/{instance}") == (404, f"No such instance: {instance}")
    assert (await api.refusal("GET", "/tasks/nothing/stdout"))[0] == 404

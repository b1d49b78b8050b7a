"""Hostile bodies are refused with a 400, cheaply, and leave the sandbox working."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qarnot_mcp.sandbox.app import MAX_BODY_BYTES
from tests.support.sandbox_calls import Caller

VALID: dict[str, Any] = {"name": "x", "profile": "docker-batch", "instanceCount": 1}


def order(**changes: Any) -> bytes:
    return json.dumps(VALID | changes).encode()


HOSTILE = {
    "a name of 1 MB": order(name="n" * 2**20),
    "a shortname of 1 MB": order(shortname="s" * 2**20),
    "a profile of 1 MB": order(profile="p" * 2**20),
    "10,000 tags": order(tags=["t"] * 10_000),
    "10,000 constants": order(constants=[{"key": f"k{number}", "value": ""} for number in range(10_000)]),
    "ranges of 1 MB": order(advancedRanges="1," * 2**19 + "1"),
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "a deep tag": order(tags="t").replace(b'"t"', b"[" * 10_000 + b"]" * 10_000),
    "NaN": order(instanceCount=float("nan")),
    "Infinity": order(instanceCount=float("inf")),
    "a huge float": order().replace(b'"instanceCount": 1', b'"instanceCount": 1e999'),
    "a huge integer": order(instanceCount=10**100),
    "an endless integer": order().replace(b'"instanceCount": 1', b'"instanceCount": ' + b"1" * 100_000),
    "a negative count": order(instanceCount=-1),
    "invalid UTF-8": b'{"name":"\xff\xfe","profile":"docker-batch","instanceCount":1}',
    "a lone surrogate": order(name="\ud800"),
    "no JSON": b"name=x",
    "nothing": b"",
    "only spaces": b"   ",
    "null": b"null",
    "a text": b'"task"',
    "a number": b"7",
    "two documents": b"{}{}",
    "a huge memory": order(
        hardwareConstraints=[{"discriminator": "MinimumRamHardwareConstraint", "minimumMemoryMB": 10**400}]
    ),
    "a million instances": order(instanceCount=1_000_000),
    "too many at once": json.dumps([VALID] * 1001).encode(),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_creation_is_a_400(api: Caller, body: bytes) -> None:
    response = await api.http.post("/tasks", content=body)
    assert response.status_code == 400, response.text[:200]
    assert len(response.content) < 2000
    assert await api.get("/tasks") == []


@pytest.mark.parametrize("body", [b"[" * 100_000, b"NaN", b"\xff", b"{"], ids=["deep", "NaN", "UTF-8", "cut"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/tasks/{uuid}"),
        ("POST", "/tasks/{uuid}/clone"),
        ("POST", "/tasks/{uuid}/snapshot/periodic"),
        ("POST", "/tasks/paginate"),
        ("POST", "/tasks/search"),
        ("PUT", "/secrets-manager/data/key"),
        ("POST", "/sandbox/faults"),
        ("POST", "/sandbox/clock"),
    ],
)
async def test_a_hostile_body_is_a_400_everywhere(api: Caller, method: str, path: str, body: bytes) -> None:
    uuid = await api.submit()
    response = await api.http.request(method, path.format(uuid=uuid), content=body)
    assert response.status_code == 400


async def test_a_body_without_measure_is_not_read(api: Caller) -> None:
    response = await api.http.post("/tasks", content=b"x" * (MAX_BODY_BYTES + 1))
    assert response.status_code == 413
    assert await api.get("/tasks") == []


@pytest.mark.parametrize(
    "path",
    [
        "/tasks/" + "x" * 5000,
        "/tasks/%00",
        "/tasks/%ff%fe",
        "/tasks/..%2fprofiles",
        "/tasks/%F0%9F%A6%89/stdout/0",
        "/profiles/<script>",
        "/" + "a/" * 500,
        "/tasks?" + "tag=x&" * 3000,
    ],
)
async def test_a_hostile_path_finds_nothing(api: Caller, path: str) -> None:
    response = await api.http.get(path)
    assert response.status_code == 404 or response.json() == []
    assert len(response.content) < 1000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "name",
        "shortname",
        "instanceCount",
        "advancedRanges",
        "tags",
        "labels",
        "constants",
        "retrySettings",
        "resourceBuckets",
        "advancedResourceBuckets",
        "hardwareConstraints",
        "secretsAccessRights",
        "privileges",
        "schedulingType",
        "completionTimeToLive",
        "resultBucket",
    ]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(FIELDS, JSON, max_size=4))
async def test_no_value_of_any_field_breaks_the_sandbox(api: Caller, changes: dict[str, Any]) -> None:
    response = await api.http.post("/tasks", json=VALID | changes)
    assert response.status_code in (200, 400, 402, 404)
    if response.status_code == 200:
        document = await api.get(f"/tasks/{response.json()['uuid']}")
        await api.http.delete(f"/tasks/{document['uuid']}")
        await api.advance(10)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filter_=JSON, order_by=JSON, token=JSON, size=JSON)
async def test_no_page_request_breaks_the_sandbox(
    furnished: Caller, filter_: Any, order_by: Any, token: Any, size: Any
) -> None:
    body = {"filter": filter_, "orderBy": order_by, "token": token, "maximumResults": size}
    assert (await furnished.http.post("/tasks/paginate", json=body)).status_code in (200, 400)


async def test_the_dearest_command_of_the_largest_task_is_stopped_in_each_instance(api: Caller) -> None:
    command = "sh -c '" + "echo $X$INSTANCE_ID;" * 95 + "'"
    uuid = await api.submit(command, 2048, constants=[{"key": "X", "value": "x" * 2048}])
    await api.advance(40 * 86400)
    assert (await api.get(f"/tasks/{uuid}"))["status"]["failedRange"] == "0-2047"


@pytest.mark.parametrize("operator", ["Equal", "LessThan", "Like", "In"])
@pytest.mark.parametrize("value", [10**400, -(10**400), 1e308, "9" * 400, "1e999"])
async def test_a_huge_number_in_a_filter_is_answered(furnished: Caller, operator: str, value: Any) -> None:
    for field in ("instanceCount", "name", "wallTime", "creationDate"):
        filter_ = {"operator": operator, "field": field, "value": value, "values": [value]}
        response = await furnished.http.post("/tasks/paginate", json={"filter": filter_})
        assert response.status_code in (200, 400), response.text

"""Lists of tasks: filters, orders, pages, searches and tags."""

from typing import Any

import pytest

from tests.support.sandbox_calls import Caller


async def names(api: Caller, filter_: Any, **more: Any) -> list[str]:
    """The names of the tasks that a filter lets through, in order."""
    page = await api.post("/tasks/paginate", {"filter": filter_, "orderBy": "name", "orderType": "ASC", **more})
    return [task["name"] for task in page["data"]]


@pytest.fixture
async def four(api: Caller) -> Caller:
    """Four tasks, ten seconds apart, the first of them over."""
    await api.submit("echo", name="alpha", tags=["red"], instances=1, labels={"team": "sea"})
    await api.submit("exit 1", name="beta", tags=["red", "blue"], instances=2)
    await api.advance(1000)
    await api.submit("sleep 5000", name="gamma", tags=["blue"], instances=3, shortname="the-third")
    await api.advance(1000)
    await api.submit("echo", name="delta", instances=4, profile="docker-network", resultBucket="out")
    return api


def leaf(operator: str, field: str, value: Any) -> dict[str, Any]:
    return {"operator": operator, "field": field, "values" if operator in ("In", "NotIn") else "value": value}


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (None, ["alpha", "beta", "delta", "gamma"]),
        (leaf("Equal", "Name", "beta"), ["beta"]),
        (leaf("NotEqual", "Name", "beta"), ["alpha", "delta", "gamma"]),
        (leaf("Equal", "Tags", "red"), ["alpha", "beta"]),
        (leaf("NotEqual", "tags", "red"), ["delta", "gamma"]),
        (leaf("In", "State", ["Success", "Failure"]), ["alpha", "beta"]),
        (leaf("NotIn", "STATE", ["Success", "Failure"]), ["delta", "gamma"]),
        ({"operator": "In", "field": "name", "value": ["alpha", "x"]}, ["alpha"]),
        (leaf("Like", "Name", "a$"), ["alpha", "beta", "delta", "gamma"]),
        (leaf("Like", "Name", "/^[ab]/"), ["alpha", "beta"]),
        (leaf("Like", "Shortname", "third"), ["gamma"]),
        (leaf("GreaterThan", "InstanceCount", "2"), ["delta", "gamma"]),
        (leaf("GreaterThanOrEqual", "InstanceCount", 2), ["beta", "delta", "gamma"]),
        (leaf("LessThan", "InstanceCount", 2), ["alpha"]),
        (leaf("LessThanOrEqual", "TotalInstanceCount", "2"), ["alpha", "beta"]),
        (leaf("GreaterThan", "ExecutionTime", "00:10:00"), ["gamma"]),
        (leaf("LessThan", "CreationDate", "2026-11-20T10:16:00Z"), ["alpha", "beta"]),
        (leaf("Equal", "Labels", "sea"), ["alpha"]),
        (leaf("Equal", "Constants", "DOCKER_CMD"), ["alpha", "beta", "delta", "gamma"]),
        (leaf("Equal", "ResultBucket", "out"), ["delta"]),
        (leaf("Equal", "PoolUuid", None), ["alpha", "beta", "delta", "gamma"]),
        (leaf("Equal", "Profile", "docker-network"), ["delta"]),
        ({"operator": "And", "filters": [leaf("Equal", "Tags", "red"), leaf("Equal", "Tags", "blue")]}, ["beta"]),
        (
            {"Operator": "Or", "Filters": [leaf("Equal", "Name", "delta"), leaf("Equal", "Tags", "red")]},
            ["alpha", "beta", "delta"],
        ),
        ({"operator": "And", "filters": []}, ["alpha", "beta", "delta", "gamma"]),
        ({"operator": "Or", "filters": []}, []),
    ],
)
async def test_a_filter_lets_the_right_tasks_through(four: Caller, filter_: Any, expected: list[str]) -> None:
    assert await names(four, filter_) == expected


@pytest.mark.parametrize(
    "filter_",
    [
        leaf("Equal", "Password", "x"),
        leaf("Near", "Name", "x"),
        leaf("In", "Name", "x"),
        leaf("Equal", "Name", ["x"]),
        leaf("Like", "Name", "("),
        leaf("LessThan", "ExecutionTime", "soon"),
        leaf("LessThan", "InstanceCount", "few"),
        {},
        {"operator": "And", "filters": [leaf("Equal", "Name", "x")] * 501},
        {"operator": "And", "filters": [{"operator": "And", "filters": [leaf("Equal", "Name", "x")] * 300}] * 2},
        "Name",
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(four: Caller, filter_: Any) -> None:
    assert (await four.refusal("POST", "/tasks/paginate", {"filter": filter_}))[0] == 400


async def test_a_filter_that_is_too_deep_is_refused(four: Caller) -> None:
    filter_: dict[str, Any] = leaf("Equal", "Name", "x")
    for _ in range(30):
        filter_ = {"operator": "And", "filters": [filter_]}
    assert (await four.refusal("POST", "/tasks/summaries/paginate", {"filter": filter_}))[0] == 400


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ("name", ["alpha", "beta", "delta", "gamma"]),
        ("creationDate", ["gamma", "delta"]),
        ("executionTime", ["delta", "alpha", "beta", "gamma"]),
        ("state", ["beta", "gamma", "delta", "alpha"]),
    ],
)
async def test_lists_are_ordered_both_ways(four: Caller, order_by: str, expected: list[str]) -> None:
    up = await names(four, None, orderBy=order_by, orderType="ASC")
    down = await names(four, None, orderBy=order_by, orderType="desc")
    assert up[-len(expected) :] == expected
    assert down == up[::-1]


async def test_the_newest_come_first_by_default(four: Caller) -> None:
    page = await four.post("/tasks/paginate", {})
    assert page["data"][0]["name"] == "delta"
    assert (await four.post("/tasks/summaries/paginate"))["data"][0]["name"] == "delta"


async def test_pages_follow_each_other_to_the_end(four: Caller) -> None:
    seen: list[str] = []
    token = None
    while True:
        body = {"token": token, "maximumResults": 3, "orderBy": "name", "orderType": "ASC"}
        page = await four.post("/tasks/summaries/paginate", body)
        assert page["total"] == 4
        assert page["count"] == len(page["data"])
        seen += [task["name"] for task in page["data"]]
        token = page["nextToken"]
        assert page["isTruncated"] is (token is not None)
        if token is None:
            break
    assert seen == ["alpha", "beta", "delta", "gamma"]


async def test_a_page_goes_on_where_its_task_was_deleted(four: Caller) -> None:
    body = {"maximumResults": 1, "orderBy": "name", "orderType": "ASC"}
    first = await four.post("/tasks/paginate", body)
    beta = next(task for task in await four.get("/tasks") if task["name"] == "beta")
    await four.http.delete(f"/tasks/{beta['uuid']}")
    second = await four.post("/tasks/paginate", body | {"token": first["nextToken"]})
    assert [task["name"] for task in second["data"]] == ["delta"]


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "nonsense"},
        {"maximumResults": 0},
        {"maximumResults": "x"},
        {"orderBy": "colour"},
        {"orderType": "sideways"},
    ],
)
async def test_a_page_that_cannot_be_is_refused(four: Caller, changes: dict[str, Any]) -> None:
    assert (await four.refusal("POST", "/tasks/paginate", changes))[0] == 400


async def test_a_page_has_fifty_tasks_at_most(api: Caller) -> None:
    for _ in range(60):
        await api.submit()
    page = await api.post("/tasks/summaries/paginate", {"maximumResults": 1000})
    assert (page["count"], page["total"], page["isTruncated"]) == (50, 60, True)


async def test_summaries_leave_out_the_details(four: Caller) -> None:
    summary = (await four.get("/tasks/summaries"))[0]
    assert summary["name"] == "alpha"
    assert not {"tags", "status", "constants", "errors"} & set(summary)


async def test_a_list_is_narrowed_by_tags(four: Caller) -> None:
    assert [task["name"] for task in await four.get("/tasks?tag=red")] == ["alpha", "beta"]
    assert len(await four.get("/tasks/summaries?Tag=red,blue")) == 3
    assert len(await four.get("/tasks?tag=red&tag=blue")) == 3
    assert await four.get("/tasks?tag=green") == []


@pytest.mark.parametrize("select", [{"fields": ["Name", "Tags"]}, ["name", "tags"]])
async def test_a_search_gives_the_fields_that_were_chosen(four: Caller, select: Any) -> None:
    body = {"select": select, "filter": leaf("Equal", "Name", "beta"), "maximumResults": 5}
    assert await four.post("/tasks/search", body) == [{"name": "beta", "tags": ["red", "blue"]}]


async def test_a_search_without_a_choice_gives_everything(four: Caller) -> None:
    assert len(await four.post("/tasks/search", {"maximumResults": 2})) == 2
    assert len((await four.post("/tasks/search", {}))[3]["status"]) > 10
    assert (await four.refusal("POST", "/tasks/search", {"select": {"fields": "Name"}}))[0] == 400

"""Every answer has the shape that Qarnot's OpenAPI description gives, but for a short list of known departures.

The description is not part of the project: the variable QARNOT_OPENAPI names the file.
"""

import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from tests.support.sandbox_calls import KEY, Caller

FILE = os.environ.get("QARNOT_OPENAPI", "")
described = pytest.mark.skipif(not FILE, reason="QARNOT_OPENAPI names no file")

NULLABLE = {
    "TaskOutput": ("poolUuid", "jobUuid", "dependencies"),
    "TaskSummaryOutput": ("poolUuid", "jobUuid"),
    "CompletedFrameOutput": ("error",),
    "JobOutput": ("poolUuid",),
    "PoolOutput": ("status", "scaling", "preparationTask"),
}
"""Fields that are null in recorded answers of the API, though their schemas do not allow it."""

ADDED = {
    "UserSchedulingQuotasOutput": {"runningCoresCount": {"type": "integer"}},
    "CpuModelRunningCore": {"runningCoreCount": {"type": "integer"}},
}
"""Fields that the SDKs read under another name than the description has."""

UNDESCRIBED = {
    ("GET", "/info"): "projects, the organisation and reservations by name are newer than the description",
    ("GET", "/settings"): "`storage` is null, so that SDKs look for no storage",
    ("GET", "/carbon/v1/tasks/{taskid}/carbon-facts"): "the fields are in snake_case, as every SDK reads them",
    ("POST", "/tasks/{taskuuid}/snapshot"): "an id is answered, as the SDK of 2026 needs",
}
"""Operations whose answers the description tells wrongly or not at all, and why."""

UNLISTED_STATUSES = {
    ("GET", "/profiles/{name}", 404): "an unknown profile",
    ("POST", "/tasks/search", 400): "a filter that makes no sense",
    ("PUT", "/tasks/{taskuuid}", 400): "a body that cannot be read",
    ("POST", "/tasks/{taskuuid}/retry", 400): "no body",
    ("POST", "/tasks/{taskuuid}/clone", 400): "no body",
}
"""Refusals that the API is known to make, though the description does not list them."""


def schema_of(node: Any) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema."""
    if isinstance(node, list):
        return [schema_of(item) for item in node]
    if not isinstance(node, dict):
        return node
    converted = {name: schema_of(value) for name, value in node.items() if name not in ("example", "discriminator")}
    if "oneOf" in converted:
        converted["anyOf"] = converted.pop("oneOf")
    for part in converted.get("allOf", []):
        part.pop("additionalProperties", None)
    if converted.pop("nullable", False):
        return {"anyOf": [converted, {"type": "null"}]}
    return converted


class Description:
    """The OpenAPI description, with the known departures written into it."""

    def __init__(self, text: str) -> None:
        document = json.loads(text)
        schemas = document["components"]["schemas"]
        # The closed base of each hardware constraint forbids the fields of the constraint itself.
        del schemas["HardwareConstraint"]["additionalProperties"]
        for name, fields in NULLABLE.items():
            for field in fields:
                schemas[name]["properties"][field] = {"anyOf": [schemas[name]["properties"][field], {"nullable": True}]}
        for name, properties in ADDED.items():
            schemas[name]["properties"] |= properties
        self.components = {"schemas": {name: schema_of(schema) for name, schema in schemas.items()}}
        self.operations = {
            (method.upper(), re.sub(r"^/v\{version\}(?=/|$)", "", path).lower() or "/"): operation
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }

    def operation(self, method: str, path: str) -> tuple[str, str]:
        """The operation that a path belongs to; one without parameters comes first."""
        path = path.removeprefix("/v1").lower() or "/"
        found = [
            known
            for known in self.operations
            if known[0] == method and re.fullmatch(re.sub(r"\{[^/]+\}", "[^/]+", known[1]), path)
        ]
        return min(found, key=lambda known: known[1].count("{"))

    def check(self, response: httpx.Response) -> tuple[str, str]:
        """Fails where an answer is not as it is described."""
        operation = self.operation(response.request.method, response.request.url.path)
        responses = self.operations[operation]["responses"]
        if response.status_code >= 400 and (*operation, response.status_code) in UNLISTED_STATUSES:
            return operation
        assert str(response.status_code) in responses, (operation, response.status_code)
        content = responses[str(response.status_code)].get("content", {})
        if operation in UNDESCRIBED or "application/json" not in content:
            return operation
        schema = schema_of(content["application/json"]["schema"]) | {"components": self.components}
        validator = jsonschema.Draft202012Validator(schema)
        problems = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(response.json())]
        assert not problems, (operation, problems[:5])
        return operation


@pytest.fixture(scope="module")
def description() -> Description:
    """The description in the file."""
    return Description(Path(FILE).read_text(encoding="utf-8"))


ORDER: dict[str, Any] = {
    "name": "described",
    "profile": "docker-batch",
    "instanceCount": 3,
    "constants": [{"key": "DOCKER_CMD", "value": "sh -c 'echo $INSTANCE_ID; exit $INSTANCE_ID'"}],
    "tags": ["t"],
    "labels": {"a": "b"},
    "resultBucket": "out",
    "hardwareConstraints": [{"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 8}],
    "advancedResourceBuckets": [{"bucketName": "scenes", "filtering": {"prefixFiltering": {"prefix": "p"}}}],
    "secretsAccessRights": {"bySecret": [{"key": "k"}], "byPrefix": [{"prefix": "p"}]},
    "retrySettings": {"maxPerInstanceRetries": 1},
    "snapshotWhitelist": ".*",
    "resultsCacheTTLSec": 5,
}


async def calls(api: Caller) -> AsyncIterator[httpx.Response]:
    """One answer of each kind that the sandbox has, at several times in the life of its tasks."""
    for path in ("/settings", "/versions", "/info", "/profiles", "/profiles/docker-batch", "/profiles/openfoam", "/"):
        yield await api.http.get(path)
    yield await api.http.get("/hardware-constraints")
    yield await api.http.get("/hardware-constraints/cpu-model-constraints/search?cpuModel=amd")
    yield await api.http.get("/hardware-constraints/cpu-model-constraints/search?cpuModel=none")
    bodies: tuple[Any, ...] = (
        ORDER,
        [ORDER, {}],
        [{}],
        {},
        ORDER | {"resourceBuckets": ["none"], "advancedResourceBuckets": []},
    )
    for body in bodies:
        yield await api.http.post("/tasks", json=body)
    ranged = ORDER | {"advancedRanges": "1-2", "instanceCount": None}
    ids = [(await api.http.post("/tasks", json=body)).json()["uuid"] for body in (ORDER, ranged)]
    for seconds in (0, 20, 120, 50, 10, 10, 1000):
        await api.advance(seconds)
        for identifier in ids:
            for path in ("", "/stdout", "/stderr/1"):
                yield await api.http.get(f"/v1/tasks/{identifier}{path}")
            yield await api.http.post(f"/tasks/{identifier}/stdout")
            yield await api.http.get(f"/carbon/v1/tasks/{identifier}/carbon-facts")
    yield await api.http.get("/tasks")
    yield await api.http.get("/tasks/summaries")
    for path in ("/tasks/paginate", "/tasks/summaries/paginate", "/tasks/search"):
        yield await api.http.post(path, json={"maximumResults": 2})
        yield await api.http.post(path, json={"filter": {"operator": "Equal", "field": "None", "value": ""}})
    for operation in ("retry", "recover", "clone"):
        yield await api.http.post(f"/tasks/{ids[0]}/{operation}", json={})
    yield await api.http.post(f"/tasks/{ids[0]}/resume", json={})
    yield await api.http.post(f"/tasks/{ids[0]}/retry")
    yield await api.http.put(f"/tasks/{ids[0]}", json={"tags": []})
    yield await api.http.put(f"/tasks/{ids[0]}", content=b"{")
    yield await api.http.patch(f"/tasks/{ids[0]}")
    running = (await api.http.post("/tasks", json=ORDER)).json()["uuid"]
    yield await api.http.patch(f"/tasks/{running}")
    yield await api.http.post(f"/tasks/{running}/snapshot", json={})
    yield await api.http.post(f"/tasks/{running}/snapshot/periodic", json={"interval": 5})
    for _ in range(2):
        yield await api.http.post(f"/tasks/{running}/abort")
        await api.advance(60)
    yield await api.http.get(f"/tasks/{running}")
    yield await api.http.delete(f"/tasks/{running}")
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", ""), ("POST", "/abort"), ("GET", "/stdout")):
        yield await api.http.request(method, f"/tasks/{running}{path}", json={} if method == "PUT" else None)
    yield await api.http.get("/profiles/none")
    for path in ("/pools", "/jobs", "/pools/x", "/jobs/x"):
        yield await api.http.get(path)
    for path in ("/pools", "/jobs", "/pools/paginate", "/jobs/paginate", "/pools/search", "/pools/summaries/paginate"):
        yield await api.http.post(path, json={})
    opened = await api.http.post("/pools", json={"name": "described", "profile": "docker-batch", "instanceCount": 2})
    yield opened
    pool = opened.json()["uuid"]
    await api.advance(300)
    in_pool = {"name": "x", "instanceCount": 3, "poolUuid": pool}
    yield await api.http.post("/tasks", json=in_pool)
    always = [{"type": "Always", "name": None}]
    scaling = {"policies": [{"type": "Fixed", "name": "f", "slotsCount": 1, "enabledPeriods": always}]}
    yield await api.http.put(f"/pools/{pool}", json={"scaling": scaling})
    yield await api.http.patch(f"/pools/{pool}")
    for path in (f"/pools/{pool}", f"/pools/{pool}/tasks", f"/pools/{pool}/jobs", "/pools", "/pools/summaries"):
        yield await api.http.get(path)
    for path in ("stdout", "stderr/0"):
        yield await api.http.get(f"/pools/{pool}/{path}")
    for path in ("/pools/paginate", "/pools/summaries/paginate", "/pools/search"):
        yield await api.http.post(path, json={})
    yield await api.http.post(f"/pools/{pool}/clone", json={})
    yield await api.http.post(f"/pools/{pool}/close")
    yield await api.http.delete(f"/pools/{pool}")
    body = {"name": "described", "useDependencies": True, "tags": ["t"], "maxWallTime": "01:00:00"}
    created = await api.http.post("/jobs", json=body)
    yield created
    yield await api.http.post("/jobs", json={"name": "described", "tags": [None]})
    job = created.json()["uuid"]
    first = (await api.http.post("/tasks", json=ORDER | {"jobUuid": job})).json()["uuid"]
    yield await api.http.post("/tasks", json=ORDER | {"jobUuid": job, "dependencies": {"dependsOn": [first]}})
    for path in (f"/jobs/{job}", f"/jobs/{job}/tasks", "/jobs"):
        yield await api.http.get(path)
    for path in ("/jobs/paginate", "/jobs/search"):
        yield await api.http.post(path, json={"maximumResults": 1})
    yield await api.http.delete(f"/jobs/{job}")
    for _ in range(2):
        yield await api.http.post(f"/jobs/{job}/terminate")
        for path in (f"/jobs/{job}", f"/jobs/{job}/tasks"):
            yield await api.http.get(path)
        await api.advance(60)
    over = (await api.http.post("/jobs", json=body)).json()["uuid"]
    await api.advance(4000)
    yield await api.http.get(f"/jobs/{over}")
    yield await api.http.delete(f"/jobs/{job}?force=true")
    yield await api.http.get(f"/jobs/{job}")
    await api.advance(60)
    for method, path in (("GET", ""), ("GET", "/tasks"), ("POST", "/terminate"), ("DELETE", "?force=true")):
        yield await api.http.request(method, f"/jobs/{job}{path}")
    yield await api.http.get("/info", headers={"Authorization": "wrong"})


@described
async def test_every_answer_is_as_described(description: Description, furnished: Caller) -> None:
    assert furnished.http.headers["Authorization"] == KEY
    seen = {description.check(response) async for response in calls(furnished)}
    assert len(seen) > 35


@described
def test_every_departure_is_still_one(description: Description) -> None:
    assert set(UNDESCRIBED) <= set(description.operations)
    for method, path, status in UNLISTED_STATUSES:
        assert str(status) not in description.operations[method, path]["responses"]


def values(node: Any) -> Iterator[Any]:
    """Every value in a JSON document."""
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from values(child)


async def test_dates_have_no_fractions_and_lists_are_never_null(furnished: Caller) -> None:
    tasks = await furnished.get("/tasks")
    dates = [value for value in values(tasks) if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value)]
    assert len(dates) > 50
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", date) for date in dates)
    for task in tasks:
        for name in ("errors", "completedInstances", "constants", "tags", "hardwareConstraints", "resourceBuckets"):
            assert isinstance(task[name], list)

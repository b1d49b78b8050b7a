"""The client on the sandbox over a real socket: two readings of one API that have to agree."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import Forbidden, KeyRefused, NotFound, ShortnameTaken, TaskEnded
from qarnot_mcp.qarnot.items import ListFilter, TaskFilter
from qarnot_mcp.qarnot.jobs import ENDED_STATES
from qarnot_mcp.qarnot.pools import READY_STATES
from qarnot_mcp.sandbox.app import create_app
from qarnot_mcp.tools.tasks.new_task import NewTask
from tests.support.qarnot_api import opened
from tests.support.serving import serve

KEY = "sandbox-empty"


def request(command: str, **changes: object) -> NewTask:
    constants = {"DOCKER_CMD": command, "DOCKER_TAG": "24.04"}
    fields = {"name": "night run", "profile": "docker-batch", "instance_count": 2, "constants": constants, **changes}
    return NewTask.model_validate(fields)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(create_app(speed=100_000, seed=1)) as url:
        yield url


@pytest.fixture
async def client(url: str) -> AsyncIterator[QarnotClient]:
    async with opened(base_url=url, key=KEY) as client:
        yield client


async def test_a_task_lives_from_submit_to_delete(client: QarnotClient) -> None:
    started = await client.tasks.submit(request("echo hello", tags=["demo"]))
    task = await client.tasks.get(started.shortname)
    while not task.is_final:
        task = await client.tasks.get(started.uuid)
    assert (task.state, task.instance_count, task.tags) == ("Success", 2, ["demo"])
    assert task.status is not None
    assert task.status.succeeded_range == "0-1"
    async with client.tasks.log(started.uuid, "stdout", 1) as log:
        assert "hello" in "".join([part.text async for part in log])
    assert [
        found.uuid for found in (await client.tasks.page(where=TaskFilter(tags=["demo"], name_part="NIGHT"))).items
    ] == [task.uuid]
    assert (await client.tasks.page(where=TaskFilter(states=["Failure"]))).items == []
    with pytest.raises(TaskEnded):
        await client.tasks.abort(started.uuid)
    facts = await client.carbon.facts(started.uuid)
    assert facts is not None
    assert facts.total_consumed_energy_wh is not None
    assert (await client.tasks.delete(started.shortname)).uuid == started.uuid
    with pytest.raises(NotFound):
        await client.tasks.get(started.uuid)


async def test_a_running_task_is_aborted(client: QarnotClient) -> None:
    started = await client.tasks.submit(request("sleep 86400"))
    assert (await client.tasks.abort(started.uuid)).state in ("PendingCancel", "Cancelled")


async def test_pages_lead_through_all_tasks(client: QarnotClient) -> None:
    for number in range(7):
        await client.tasks.submit(request("true", name=f"t{number}"))
    first = await client.tasks.page(limit=4)
    rest = await client.tasks.page(limit=4, cursor=first.next_cursor)
    assert [task.name for task in (*first.items, *rest.items)] == [f"t{number}" for number in reversed(range(7))]
    assert (first.total, rest.next_cursor) == (7, None)


async def test_a_shortname_starts_one_task(client: QarnotClient) -> None:
    started = await client.tasks.submit(request("true", shortname="mine"))
    with pytest.raises(ShortnameTaken, match=started.uuid):
        await client.tasks.submit(request("true", shortname="mine"))


async def test_profiles_the_account_and_the_settings_are_read(client: QarnotClient) -> None:
    assert "docker-batch" in await client.profiles.names()
    assert "DOCKER_CMD" in [constant.name for constant in (await client.profiles.get("docker-batch")).constants]
    assert "@" in (await client.account.get()).email
    assert isinstance(await client.platform.settings(), dict)
    for missing in (client.profiles.get("nope"), client.tasks.get("nope")):
        with pytest.raises(NotFound, match="'nope'"):
            await missing


async def test_another_key_is_refused(url: str) -> None:
    async with opened(base_url=url, key="no-such-key") as client:
        with pytest.raises(KeyRefused):
            await client.profiles.names()


@dataclass(frozen=True)
class New:
    """What a new job or pool is to be."""

    body: dict[str, Any]
    shortname: str | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body["name"])

    def to_api(self) -> dict[str, Any]:
        """Return the body."""
        return self.body


async def test_a_pool_lives_from_create_to_delete(client: QarnotClient) -> None:
    made = await client.pools.create(New({"name": "night", "profile": "docker-batch", "instanceCount": 2}))
    pool = await client.pools.get(made.shortname)
    while pool.state not in READY_STATES:
        pool = await client.pools.get(made.uuid)
    assert (pool.name, pool.is_open, pool.instance_count) == ("night", True, 2)
    scaling = {"policies": [{"type": "Fixed", "slotsCount": 3, "enabledPeriods": [{"type": "Always"}]}]}
    scaled = await client.pools.scale(made.uuid, scaling)
    assert scaled.scaling is not None
    assert [policy.slots for policy in scaled.scaling.policies] == [3]
    task = await client.tasks.submit(request("sleep 86400", profile=None, pool_uuid=made.uuid))
    assert [one.uuid for one in (await client.tasks.page(where=TaskFilter(pool_uuid=made.uuid))).items] == [task.uuid]
    assert (await client.tasks.page(where=TaskFilter(pool_uuid=task.uuid))).items == []
    for _ in range(2):
        assert not (await client.pools.close(made.uuid)).is_open
    assert (await client.pools.page(where=ListFilter(name_part="NIGHT"))).items[0].uuid == made.uuid
    assert (await client.pools.delete(made.shortname)).uuid == made.uuid
    with pytest.raises(NotFound):
        await client.pools.get(made.uuid)


async def test_a_job_lives_from_create_to_delete(client: QarnotClient) -> None:
    made = await client.jobs.create(New({"name": "night", "useDependencies": True, "tags": ["demo"]}))
    first = await client.tasks.submit(request("sleep 86400", job_uuid=made.uuid))
    await client.tasks.submit(request("true", job_uuid=made.uuid, dependencies=[first.uuid]))
    waits = [waited.task_uuid for task in await client.jobs.tasks(made.shortname) for waited in task.dependencies]
    assert waits == [first.uuid]
    assert [job.uuid for job in (await client.jobs.page(where=ListFilter(tags=["demo"]))).items] == [made.uuid]
    with pytest.raises(Forbidden):
        await client.jobs.delete(made.uuid)
    for _ in range(2):
        assert (await client.jobs.terminate(made.uuid)).state in ENDED_STATES
    assert (await client.jobs.delete(made.uuid, with_tasks=True)).name == "night"
    with pytest.raises(NotFound):
        await client.jobs.get(made.uuid)

"""get_task of the whole server on the sandbox: found by name, reached while it runs, explained when it failed."""

from collections.abc import AsyncIterator

import pytest

from tests.support.conversation import Conversation, conversation

HOUR = 3600
UNKNOWN = "52c10b2d-0687-41e1-985e-7279f6dd543a"


@pytest.fixture
async def model() -> AsyncIterator[Conversation]:
    async with conversation(speed=1) as begun:
        yield begun


async def test_a_task_is_found_by_its_exact_name_where_it_is_the_only_one(model: Conversation) -> None:
    uuid = await model.started("true", name="calibration, pass 3")
    nightly = await model.started("true", name="nightly")
    assert (await model.call("get_task", task_uuid="calibration, pass 3"))["uuid"] == uuid
    assert (await model.call("get_task", task_uuid="nightly"))["uuid"] == nightly
    for other in ("calibration", "Nightly", UNKNOWN):
        assert "list_tasks" in await model.refusal("get_task", task_uuid=other)


async def test_a_name_of_several_tasks_is_answered_with_the_candidates(model: Conversation) -> None:
    uuids = [await model.started("true", name="twice") for _ in range(2)]
    message = await model.refusal("get_task", task_uuid="twice")
    assert all(uuid in message for uuid in uuids)


async def test_only_reading_tools_take_a_name(model: Conversation) -> None:
    await model.started("true", name="the only one")
    for tool in ("abort_task", "delete_task"):
        assert "the UUID of a task" in await model.refusal(tool, task_uuid="the only one")


async def test_a_running_task_says_now_and_when_it_will_probably_end(model: Conversation) -> None:
    uuid = await model.started("sleep 3600")
    await model.advance(HOUR // 2)
    task = await model.call("get_task", task_uuid=uuid)
    assert task["now"] < task["estimated_end"]["at"]
    assert task["estimated_end"]["how_sure"] in ("low", "medium")


async def test_a_running_instance_with_ssh_shows_the_line(model: Conversation) -> None:
    constants = [{"key": "DOCKER_CMD", "value": "sleep 36000"}, {"key": "DOCKER_SSH", "value": "ssh-ed25519 AAAA"}]
    uuid = await model.started("", profile="docker-network-ssh", constants=constants)
    assert "access" not in str(await model.call("get_task", task_uuid=uuid))
    await model.advance(HOUR)
    (instance,) = (await model.call("get_task", task_uuid=uuid))["running"]
    assert instance["access"] == ["ssh -p 20000 root@gateway.qarnotservices.com"]


async def test_a_later_task_that_succeeded_is_named(model: Conversation) -> None:
    failed = await model.started("sh -c 'exit 3'", name="fit")
    other = await model.started("no-such-program", name="tool")
    await model.advance(HOUR)
    again = await model.started("true", name="fit")
    await model.advance(HOUR)
    later = (await model.call("get_task", task_uuid=failed))["failure"]["later_success"]
    assert (later["uuid"], later["same"]) == (again, "name")
    assert "later_success" not in (await model.call("get_task", task_uuid=other))["failure"]


async def test_nothing_is_said_of_the_energy_of_a_task_that_used_none(model: Conversation) -> None:
    uuid = await model.started("sleep 36000")
    await model.call("abort_task", task_uuid=uuid)
    await model.advance(HOUR)
    assert "energy" not in await model.call("get_task", task_uuid=uuid)
    used = await model.started("sleep 60")
    await model.advance(HOUR)
    energy = (await model.call("get_task", task_uuid=used))["energy"]
    expected = energy["datacenter_carbon_gco2eq"] - energy["carbon_gco2eq"]
    assert energy["saved_gco2eq"] == pytest.approx(expected, abs=0.002)

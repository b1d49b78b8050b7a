"""Running again and keeping within a budget, as a model does it: calls and characters, shown by `pytest -s`."""

from tests.support.conversation import conversation
from tests.support.running_server import KEY

TWO_HOURS = 7_200


async def test_the_failed_instances_run_again_with_a_changed_command() -> None:
    async with conversation() as model:
        uuid = await model.started("python3 calibrate.py", instance_count=5, name="calibration")
        await model.advance(86_400)
        task = await model.call("get_task", task_uuid=uuid)
        assert task["state"] == "Failure"
        again = await model.call(
            "submit_task",
            name="calibration, gaps skipped",
            rerun_of=uuid,
            rerun="failed",
            append_to_command="--skip-na",
        )
        assert again["repeats"]["instances"] == "2"
        model.told("rerun the failed instances with a changed command")
        assert model.calls == 2
        await model.advance(86_400)
        assert (await model.call("get_task", task_uuid=again["uuid"]))["state"] == "Success"


async def test_what_did_this_week_cost_and_save() -> None:
    async with conversation(speed=1, key=KEY, toolsets="account") as model:
        report = await model.call("usage_report")
        assert report["total"]["credits"] > 0
        assert report["total"]["saved_gco2eq"] > 0
        model.told("what did this week cost and save")
        assert model.calls == 1
        assert model.characters < 1_500


async def test_at_most_two_hours_and_ten_instances_is_refused_and_kept() -> None:
    async with conversation(speed=1, max_instances=10, max_wall_time=TWO_HOURS) as model:
        submit = {"name": "sweep", "profile": "docker-batch", "constants": {"DOCKER_CMD": "sleep 30d"}}
        assert "allows 10 in a task" in await model.refusal("submit_task", **submit, instance_count=11)
        assert "at most 02:00:00" in await model.refusal("submit_task", **submit, max_wall_time="03:00:00")
        started = await model.call("submit_task", **submit, instance_count=10)
        assert started["max_wall_time"] == "02:00:00"
        model.told("at most two hours, at most ten instances")
        assert model.calls == 3
        await model.advance(TWO_HOURS - 600)
        assert (await model.call("get_task", task_uuid=started["uuid"]))["state"] == "FullyExecuting"
        await model.advance(660)
        assert (await model.call("get_task", task_uuid=started["uuid"]))["state"] == "Cancelled"

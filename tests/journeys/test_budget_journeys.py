"""Running again and keeping within a budget, as a model does it: calls and characters, shown by `pytest -s`."""

from typing import Any

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


async def test_two_hours_and_ten_instances_hold_for_a_pipeline_too() -> None:
    async with conversation(speed=1, query="?toolsets=jobs", max_instances=10, max_wall_time=TWO_HOURS) as model:
        steps = [step("sweep", "sleep 30d", instance_count=10), step("report", "true", after=["sweep"])]
        wide = [{**steps[0], "instance_count": 11}, steps[1]]
        refused = await model.refusal("submit_pipeline", name="night", steps=wide)
        assert "allows 10 in a task. Nothing was started." in refused
        assert "It is the step sweep." in refused
        long = await model.refusal("submit_pipeline", name="night", steps=steps, max_wall_time="03:00:00")
        assert "at most 02:00:00" in long
        started = await model.call("submit_pipeline", name="night", steps=steps)
        assert started["max_wall_time"] == "02:00:00"
        model.told("at most two hours, at most ten instances: a pipeline")
        assert model.calls == 3
        await model.advance(TWO_HOURS - 600)
        job = await model.call("get_job", job_uuid=started["job_uuid"])
        assert job["states"] == {"FullyExecuting": 1, "Submitted": 1}
        await model.advance(660)
        job = await model.call("get_job", job_uuid=started["job_uuid"])
        assert job["states"] == {"Cancelled": 2}


async def test_preprocess_then_train_then_report_where_train_fails() -> None:
    async with conversation(speed=1, query="?toolsets=jobs") as model:
        started = await model.call(
            "submit_pipeline",
            name="night",
            steps=[
                step("preprocess", "echo cleaned", result_bucket="clean"),
                step("train", "sh -c 'echo no data >&2; exit 3'", after=["preprocess"], resource_buckets=["clean"]),
                step("report", "echo done", after=["train"]),
            ],
        )
        await model.advance(3600)
        job = await model.call("get_job", job_uuid=started["job_uuid"], wait_seconds=45)
        states = {task["name"]: task["state"] for task in job["tasks"]}
        assert states == {"preprocess": "Success", "train": "Failure", "report": "Cancelled"}
        train, report = job["tasks"][1:]
        assert "exit code 3" in train["reason"]
        assert report["reason"].startswith("Cancelled without a start: it waited for train to end with success")
        log = await model.call("get_task_logs", task_uuid=train["uuid"], log_type="stderr")
        assert "no data" in log["text"]
        model.told("preprocess, train (fails), report (never runs)")
        assert model.calls == 3
        assert model.characters < 4_000


def step(name: str, command: str, **more: Any) -> dict[str, Any]:
    """A step of a pipeline that runs a command."""
    return {"name": name, "profile": "docker-batch", "constants": {"DOCKER_CMD": command}, **more}


async def test_a_pool_for_fifty_short_tasks_that_is_closed_at_the_end() -> None:
    async with conversation(speed=1, query="?toolsets=pools") as model:
        pool = await model.call("create_pool", name="sweep", profile="docker-batch", slots=4)
        assert "close_pool ends the cost" in pool["costs"]
        started = [
            await model.call(
                "submit_task",
                name=f"alpha {number}",
                pool_uuid=pool["uuid"],
                constants={"DOCKER_CMD": f"echo alpha {number}"},
                tags=["sweep"],
            )
            for number in range(50)
        ]
        assert len({task["uuid"] for task in started}) == 50
        await model.advance(3600)
        seen = await model.call("get_pool", pool_uuid=pool["uuid"])
        assert seen["tasks"]["states"] == {"Success": 50}
        assert seen["hint"] == "Nothing waits or runs in it: close_pool ends its cost."
        closed = await model.call("close_pool", pool_uuid=pool["uuid"])
        assert closed["state"] in ("Closing", "Closed")
        model.told("a pool for fifty short tasks, closed at the end")
        # Fifty tasks that differ are fifty calls; instances of one task, which differ in INSTANCE_ID, would be one.
        assert model.calls == 53
        assert model.characters < 50 * 520 + 3_500


async def test_a_pool_for_fifty_short_instances_takes_four_calls() -> None:
    async with conversation(speed=1, query="?toolsets=pools") as model:
        pool = await model.call("create_pool", name="sweep", profile="docker-batch", max_slots=4, idle_seconds=60)
        await model.call(
            "submit_task",
            name="sweep",
            pool_uuid=pool["uuid"],
            instance_count=50,
            constants={"DOCKER_CMD": "sh -c 'echo alpha $INSTANCE_ID'"},
        )
        await model.advance(7200)
        assert (await model.call("get_pool", pool_uuid=pool["uuid"]))["tasks"]["states"] == {"Success": 1}
        await model.call("close_pool", pool_uuid=pool["uuid"])
        model.told("a pool for fifty short instances, closed at the end")
        assert model.calls == 4
        assert model.characters < 3_500

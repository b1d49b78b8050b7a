"""A caller that knows the tools: for each scenario the calls of a good model, and what it would answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp_types import TextContent


@dataclass(frozen=True)
class Caller:
    """Calls tools as a model does."""

    client: Client[StreamableHttpTransport]

    async def __call__(self, tool: str, **arguments: Any) -> tuple[dict[str, Any], str]:
        """Return a tool's structure and its text; of one that refuses an empty structure and what it says."""
        result = await self.client.call_tool(tool, arguments, raise_on_error=False)
        text = "".join(block.text for block in result.content if isinstance(block, TextContent))
        return result.structured_content or {}, text


def docker(command: str, **constants: str) -> list[dict[str, str]]:
    """Return the constants of a task that runs a command in an image, Ubuntu 24.04 unless another is given."""
    given = {"DOCKER_REPO": "library/ubuntu", "DOCKER_TAG": "24.04", **constants, "DOCKER_CMD": command}
    return [{"key": key, "value": value} for key, value in given.items()]


async def ended(call: Caller, task: str) -> dict[str, Any]:
    """Wait for a task's end."""
    while True:
        seen, _ = await call("get_task", task_uuid=task, wait_seconds=45)
        if seen["state"] in ("Success", "Failure", "Cancelled"):
            return seen


async def hello_ten(call: Caller) -> str:
    """Submit, wait, and read the log."""
    constants = docker("echo hello from ${INSTANCE_ID}")
    task, _ = await call("submit_task", name="hello", profile="docker-batch", instance_count=10, constants=constants)
    await ended(call, task["uuid"])
    return (await call("get_task_logs", task_uuid=task["uuid"]))[1]


async def failed_this_week(call: Caller) -> str:
    """List what failed: each row has its reason."""
    return (await call("list_tasks", state="failed", ended_after="7d"))[1]


async def sweep_with_limit(call: Caller) -> str:
    """Submit one task of ten instances."""
    command = "sh -c 'python3 /job/train.py --alpha $(echo \"scale=1; ($INSTANCE_ID+1)/10\" | bc)'"
    _, text = await call(
        "submit_task",
        name="sweep",
        profile="docker-batch",
        instance_count=10,
        constants=docker(command, DOCKER_REPO="library/python", DOCKER_TAG="3.13-slim"),
        resource_buckets=["training"],
        max_time_queue_seconds=7200,
        tags=["sweep"],
    )
    return f"ten instances: {text}"


async def frames_of_a_scene(call: Caller) -> str:
    """Look at the profile, then submit the frames as instance ids."""
    await call("get_profile", profile_name="blender")
    _, text = await call(
        "submit_task",
        name="robot",
        profile="blender",
        advanced_ranges="1-240",
        constants=[{"key": "BLEND_FILE", "value": "robot.blend"}],
        resource_buckets=["film"],
        result_bucket="film-out",
    )
    return f"240 frames: {text}"


async def check_before_spending(call: Caller) -> str:
    """Submit with validate_only."""
    return (
        await call(
            "submit_task",
            name="check",
            profile="docker-batch",
            instance_count=4,
            constants=docker("echo a && echo b"),
            validate_only=True,
        )
    )[1]


async def clean_up_test_runs(call: Caller) -> str:
    """List the ids, and delete them in one call."""
    listed, _ = await call("list_tasks", state="finished", tags=["test"], detail="uuids", limit=500)
    return (await call("delete_task", task_uuids=listed["uuids"]))[1] + f" {listed['total']} tasks"


async def stop_the_nightly_ones(call: Caller) -> str:
    """List the ids of what is active, and abort them in one call."""
    listed, _ = await call("list_tasks", state="active", tags=["nightly"], detail="uuids")
    return (await call("abort_task", task_uuids=listed["uuids"]))[1] + f" {listed['total']} tasks"


async def loss_of_a_training(call: Caller) -> str:
    """Find the task, and search its log for the numbers."""
    task, _ = await call("list_tasks", name="unet")
    return (await call("get_task_logs", task_uuid=task["tasks"][0]["uuid"], tail_lines=1000, max_characters=1500))[1]


async def one_error_in_a_long_log(call: Caller) -> str:
    """Find the task, and search its log."""
    task, _ = await call("list_tasks", name="crawler")
    return (await call("get_task_logs", task_uuid=task["tasks"][0]["uuid"], search="ERROR"))[1]


async def rerun_what_failed(call: Caller) -> str:
    """Find the task, and submit its failed instances again."""
    task, _ = await call("list_tasks", name="simulate")
    _, text = await call("submit_task", rerun_of=task["tasks"][0]["uuid"], rerun="failed", name="simulate again")
    return f"three again: {text}"


async def wait_for_the_end(call: Caller) -> str:
    """Wait for the task by its name."""
    return (await call("get_task", task_uuid="fit", wait_seconds=45))[1]


async def which_profile_for_pip(call: Caller) -> str:
    """Look at the profile with a network."""
    return "docker-network: " + (await call("get_profile", profile_name="docker-network"))[1]


async def energy_of_a_run(call: Caller) -> str:
    """Read the task by its name."""
    task, _ = await call("get_task", task_uuid="heat")
    return f"{task['energy']['consumed_wh']} Wh, of which {task['energy']['reused_heat_wh']} Wh were reused as heat"


async def did_it_start_twice(call: Caller) -> str:
    """Look for the name."""
    listed, text = await call("list_tasks", name="payroll")
    return ("once: " if listed["total"] == 1 else "") + text


async def result_of_a_run(call: Caller) -> str:
    """Find the bucket of the task's results by its name, and read the file."""
    task, _ = await call("get_task", task_uuid="report")
    listed, _ = await call("list_files", bucket=task["result_bucket"])
    return (await call("read_file", bucket=task["result_bucket"], path=listed["files"][0]["path"]))[1]


SCRIPTS: dict[str, Callable[[Caller], Awaitable[str]]] = {
    script.__name__: script
    for script in (
        hello_ten,
        failed_this_week,
        sweep_with_limit,
        frames_of_a_scene,
        check_before_spending,
        clean_up_test_runs,
        stop_the_nightly_ones,
        loss_of_a_training,
        one_error_in_a_long_log,
        rerun_what_failed,
        wait_for_the_end,
        which_profile_for_pip,
        energy_of_a_run,
        did_it_start_twice,
        result_of_a_run,
    )
}


async def run(name: str, url: str) -> str:
    """Carry a scenario out on a server, and return the answer."""
    async with Client(StreamableHttpTransport(url, verify=False)) as client:
        return await SCRIPTS[name](Caller(client))

"""The README's examples, sent as they stand, by a client of each era."""

import json
import re
from pathlib import Path

import pytest

from tests.support.running_server import ERAS, Era, running_server

README = Path(__file__).parents[2] / "README.md"


def examples() -> dict[str, dict[str, object]]:
    blocks = re.findall(r"```json\n(.*?)```", README.read_text(), re.DOTALL)
    return {example["name"]: example["arguments"] for example in map(json.loads, blocks)}


@pytest.mark.parametrize("era", ERAS)
async def test_every_example_of_the_readme_works(era: Era) -> None:
    sent = examples()
    assert len(sent) == 8
    # The task is still booting when it is aborted.
    async with running_server(speed=1) as server, server.client(era) as client:
        for name in (
            "list_profiles",
            "get_profile",
            "submit_task",
            "list_tasks",
            "get_task",
            "get_task_logs",
            "abort_task",
            "delete_task",
        ):
            result = await client.call_tool(name, sent[name])
            assert not result.is_error
            if name == "list_tasks":
                assert result.structured_content is not None
                assert [task["name"] for task in result.structured_content["tasks"]] == ["hello world"]

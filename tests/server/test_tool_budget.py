"""How much of a model's context the tools take before anything is asked."""

import json
from pathlib import Path

import pytest

SNAPSHOTS = sorted((Path(__file__).parents[1] / "snapshots").glob("*.json"))
MOST_OF_THE_EIGHT = 12_000
MOST_OF_A_DESCRIPTION = 2_000


def test_the_eight_take_at_most_12_000_characters_without_output_schemas() -> None:
    tools = json.loads((SNAPSHOTS[0].parent / "default.json").read_text())
    assert len(tools) == 8
    inputs = [{name: part for name, part in tool.items() if name != "outputSchema"} for tool in tools]
    assert len(json.dumps(inputs, ensure_ascii=False, separators=(",", ":"))) <= MOST_OF_THE_EIGHT


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda path: path.stem)
def test_no_description_takes_more_than_2_000_characters(snapshot: Path) -> None:
    tools = json.loads(snapshot.read_text())
    assert max(len(tool["description"]) for tool in tools) <= MOST_OF_A_DESCRIPTION

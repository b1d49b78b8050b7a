"""How much of a model's context the tools take before anything is asked."""

import json
from pathlib import Path

import pytest

SNAPSHOTS = sorted((Path(__file__).parents[1] / "snapshots").glob("*.json"))
MOST_OF_THE_EIGHT = 12_000
MOST_OF_A_SET = 6_000
MOST_OF_ALL_SETS = 30_000
MOST_OF_A_DESCRIPTION = 2_000


def characters(snapshot: Path) -> int:
    """Return how many characters of JSON a set's tools take without output schemas."""
    tools = json.loads(snapshot.read_text())
    inputs = [{name: part for name, part in tool.items() if name != "outputSchema"} for tool in tools]
    return len(json.dumps(inputs, ensure_ascii=False, separators=(",", ":")))


def test_the_eight_take_at_most_12_000_characters_without_output_schemas() -> None:
    default = SNAPSHOTS[0].parent / "default.json"
    assert len(json.loads(default.read_text())) == 8
    assert characters(default) <= MOST_OF_THE_EIGHT


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda path: path.stem)
def test_a_further_set_takes_less_than_6_000_characters(snapshot: Path) -> None:
    assert snapshot.stem == "default" or characters(snapshot) < MOST_OF_A_SET


def test_all_sets_together_take_less_than_30_000_characters() -> None:
    assert sum(map(characters, SNAPSHOTS)) < MOST_OF_ALL_SETS


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda path: path.stem)
def test_no_description_takes_more_than_2_000_characters(snapshot: Path) -> None:
    tools = json.loads(snapshot.read_text())
    assert max(len(tool["description"]) for tool in tools) <= MOST_OF_A_DESCRIPTION

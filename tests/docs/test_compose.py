"""What every service of the compose files has."""

from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parents[2].glob("docker-compose.*.yml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
@pytest.mark.parametrize("bound", ["mem_limit: ", "pids_limit: ", "cap_drop:", "no-new-privileges:true"])
def test_no_service_can_take_the_whole_machine(file: Path, bound: str) -> None:
    services = file.read_text().count("    image: ")
    assert services >= 2
    assert file.read_text().count(bound) == services

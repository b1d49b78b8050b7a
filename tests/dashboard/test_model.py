"""The unit tests of the dashboard's pure modules, which node runs: *.test.js beside this file."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.processes import running

FOLDER = Path(__file__).parent
NODE = shutil.which("node")
FIRST_NODE = (20, 19)
"""Older ones do not see by themselves that a file is an ES module."""


async def run_node(*arguments: str) -> tuple[int | None, str]:
    """Run node and return its exit code and all that it printed."""
    assert NODE is not None
    async with running(NODE, *arguments) as program:
        await program.end()
    return program.process.returncode, program.text


@pytest.mark.skipif(NODE is None, reason="node is not installed")
async def test_the_pure_modules_pass_their_unit_tests() -> None:
    _, version = await run_node("--version")
    if tuple(map(int, version.strip().removeprefix("v").split(".")[:2])) < FIRST_NODE:
        pytest.skip(f"node {version.strip()} is older than {'.'.join(map(str, FIRST_NODE))}")
    files = sorted(str(path) for path in FOLDER.rglob("*.test.js"))
    code, output = await run_node("--test", "--test-reporter=tap", *files)
    assert code == 0, output
    passed = re.search(r"^# pass (\d+)$", output, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) >= len(files) > 0

"""The unit tests of the dashboard's pure modules, which node runs: *.test.js beside this file."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.processes import finish

pytestmark = pytest.mark.e2e

FOLDER = Path(__file__).parent
NODE = shutil.which("node")
FIRST_NODE = (20, 19)
"""Older ones do not see by themselves that a file is an ES module."""


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_pure_modules_pass_their_unit_tests(tmp_path: Path) -> None:
    assert NODE is not None
    version = finish(tmp_path, NODE, "--version").stdout.strip()
    if tuple(map(int, version.removeprefix("v").split(".")[:2])) < FIRST_NODE:
        pytest.skip(f"node {version} is older than {'.'.join(map(str, FIRST_NODE))}")
    files = sorted(str(path) for path in FOLDER.rglob("*.test.js"))
    result = finish(tmp_path, NODE, "--test", "--test-reporter=tap", *files)
    assert result.returncode == 0, result.stdout + result.stderr
    passed = re.search(r"^# pass (\d+)$", result.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) >= len(files) > 0

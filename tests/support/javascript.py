"""The unit tests of modules that touch no page: the files *.test.js of a folder, which node runs."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.processes import finish

NODE = shutil.which("node")
FIRST_NODE = (20, 19)
"""Older ones do not see by themselves that a file is an ES module."""
# In one process, for a fifth of the time: `node --test` starts one for each file.
IMPORT_ALL = "for (const file of process.argv.slice(1)) await import(file);"


def assert_unit_tests_pass(folder: Path) -> None:
    """Run the unit tests of a folder; skip the test where there is no node, or an old one."""
    if NODE is None:
        pytest.skip("node is not installed")
    version = finish(folder, NODE, "--version").stdout.strip()
    if tuple(map(int, version.removeprefix("v").split(".")[:2])) < FIRST_NODE:
        pytest.skip(f"node {version} is older than {'.'.join(map(str, FIRST_NODE))}")
    files = sorted(str(path) for path in folder.rglob("*.test.js"))
    result = finish(folder, NODE, "--test-reporter=tap", "--input-type=module", "-e", IMPORT_ALL, *files)
    assert result.returncode == 0, result.stdout + result.stderr
    passed = re.search(r"^# pass (\d+)$", result.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) >= len(files) > 0

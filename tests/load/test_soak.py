"""A short soak: many callers, some faults, nothing left behind, no error that is not ours."""

import subprocess
import sys

import pytest

from tests.support.processes import ROOT

pytestmark = pytest.mark.e2e


def test_two_seconds_of_many_callers_and_faults_leave_nothing_behind() -> None:
    soak = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--minutes", "0.035"], cwd=ROOT, capture_output=True, text=True
    )
    assert soak.returncode == 0, soak.stdout + soak.stderr
    assert "'ok':" in soak.stdout

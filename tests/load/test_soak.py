"""A short soak: many callers, some faults, nothing left behind, no error that is not ours."""

import pytest

pytestmark = pytest.mark.e2e


async def test_two_seconds_of_many_callers_and_faults_leave_nothing_behind(capsys: pytest.CaptureFixture[str]) -> None:
    # Imported here, as no other test needs the benchmarks.
    from benchmarks.soak import main

    status = await main(minutes=0.035, seed=1)
    seen = capsys.readouterr().out
    assert status == 0, seen
    assert "'ok':" in seen

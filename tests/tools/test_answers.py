from datetime import UTC, datetime

import pytest

from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.tools.answers import RESULT_CHARACTERS, answer, present, rounded
from qarnot_mcp.tools.profiles import ProfileDetails, ProfileNames
from qarnot_mcp.tools.tasks.details import Times
from tests.support.running_server import text_of


def profile_of(constants: int) -> Profile:
    constant = {"value": '"' * 400, "description": "\\" * 400}
    return Profile.read({"name": "p" * 500, "constants": [constant | {"name": f"C{i}"} for i in range(constants)]})


def test_names_of_profiles_are_cut_where_they_are_more_than_a_conversation_takes() -> None:
    result = ProfileNames.of(['"' * 500] * 3000)
    assert 100 < len(result.profiles) < 3000
    assert result.hint == f"These are the first {len(result.profiles)} of 3,000 profiles."
    assert len(text_of(answer(result))) <= RESULT_CHARACTERS


def test_constants_of_a_profile_are_cut_where_they_are_more_than_a_conversation_takes() -> None:
    result = ProfileDetails.of(profile_of(2000), "p")
    assert 50 < len(result.constants) < 2000
    assert result.hint == f"These are the first {len(result.constants)} of 2,000 constants."
    assert len(text_of(answer(result))) <= RESULT_CHARACTERS


@pytest.mark.parametrize("constants", [0, 20])
def test_a_profile_of_usual_size_is_told_whole(constants: int) -> None:
    result = ProfileDetails.of(profile_of(constants), "p")
    assert (len(result.constants), result.hint) == (constants, None)


@pytest.mark.parametrize(("value", "shown"), [(12.0, "12"), (0.04, "0"), (12.34, "12.3")])
def test_a_whole_number_is_written_without_a_point(value: float, shown: str) -> None:
    times = Times(wall_seconds=rounded(value))
    assert text_of(answer(times)) == f'{{"wall_seconds":{shown}}}'


def test_the_present_is_never_before_what_has_happened() -> None:
    now = datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert present(now) == present(now, None, "2026-11-20T07:59:59Z") == "2026-11-20T08:00:00Z"
    assert present(now, "2026-11-20T07:00:00Z", "2026-11-20T08:00:01Z", None) == "2026-11-20T08:00:01Z"

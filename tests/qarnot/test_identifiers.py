"""What may stand in an address of the API."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.identifiers import (
    check_cursor,
    check_instance_id,
    check_profile_name,
    check_shortname,
    check_task_id,
    profile_path,
)
from tests.support.qarnot_api import UUID

NEVER_IDS = [
    "",
    ".",
    "..",
    "../profiles/x",
    "a/b",
    "a?b",
    "a#b",
    "a%2fb",
    "a b",
    "-a",
    "a-",
    "é",
    "a\n",
    "x" * 300,
    None,
    7,
]


@pytest.mark.parametrize("given_id", [UUID, UUID.upper(), "a", "my-task-1", "x" * 255])
def test_a_uuid_and_a_shortname_name_a_task(given_id: str) -> None:
    assert check_task_id(given_id) == given_id


@pytest.mark.parametrize("given_id", [*NEVER_IDS, "summaries", "Search", "paginate", "force"])
def test_what_could_reach_another_endpoint_names_no_task(given_id: object) -> None:
    with pytest.raises(InvalidArgument, match=r"task_uuid is .* give the UUID of a task such as"):
        check_task_id(given_id)


@pytest.mark.parametrize("given_name", [*NEVER_IDS, "summaries", UUID])
def test_a_shortname_can_be_mistaken_for_nothing_else(given_name: object) -> None:
    with pytest.raises(InvalidArgument, match=r"shortname is .* Leave it out to have one made"):
        check_shortname(given_name)
    assert check_shortname("night-render-7") == "night-render-7"


@pytest.mark.parametrize("name", ["docker-batch", "blender-4.2.2", "a b", "été", "..."])
def test_a_profile_name_may_have_any_letters(name: str) -> None:
    assert check_profile_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../tasks", "a/b", "a\\b", "a?b", "a#b", "a%2fb", " a", "a\x00", "x" * 257, 3]
)
def test_a_profile_name_cannot_leave_its_place(name: object) -> None:
    with pytest.raises(InvalidArgument, match="list_profiles shows the names"):
        check_profile_name(name)


def test_a_profile_name_is_quoted() -> None:
    assert profile_path("a b&é") == "/profiles/a%20b%26%C3%A9"


@given(st.text())
def test_a_profile_path_always_has_two_segments(name: str) -> None:
    try:
        path = profile_path(name)
    except InvalidArgument:
        return
    assert path.isascii()
    assert path.count("/") == 2
    assert path.rsplit("/", 1)[1] not in ("", ".", "..")


@pytest.mark.parametrize("cursor", ["", "a b", "x" * 513, "a\n", "é", None, 5])
def test_a_cursor_has_the_form_of_one(cursor: object) -> None:
    with pytest.raises(InvalidArgument, match="next_cursor of an earlier answer"):
        check_cursor(cursor)
    assert check_cursor("5ed67ba6d1f1b90d3aff497b") == "5ed67ba6d1f1b90d3aff497b"


@pytest.mark.parametrize("instance_id", [-1, 2**31, True, "1", 1.0, None])
def test_an_instance_id_is_a_whole_number(instance_id: object) -> None:
    with pytest.raises(InvalidArgument, match="a whole number from 0"):
        check_instance_id(instance_id)
    assert check_instance_id(2**31 - 1) == 2**31 - 1

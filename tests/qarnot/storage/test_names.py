"""Names of buckets and paths of files."""

import pytest

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.storage.names import check_bucket, check_new_bucket, check_path, check_prefix


@pytest.mark.parametrize(
    ("given", "corrected"),
    [("My_Bucket", "my-bucket"), ("-in-", ""), ("ab", ""), ("Été été", "t-t"), ("a.b.c", "a-b-c")],
)
def test_a_name_for_a_new_bucket_is_corrected_in_the_message(given: str, corrected: str) -> None:
    with pytest.raises(InvalidArgument, match=f"{corrected} would do" if corrected else "lower-case"):
        check_new_bucket(given)


@pytest.mark.parametrize("given", ["s3://x", "a/b", "", "../x", "a" * 256])
def test_a_bucket_is_a_name_alone(given: str) -> None:
    with pytest.raises(InvalidArgument):
        check_bucket(given)


@pytest.mark.parametrize("given", ["/a", "a//b", "a\\b", "a/../b", "a/", "", "a\nb", "a" * 1025])
def test_a_path_is_as_the_console_needs_it(given: str) -> None:
    with pytest.raises(InvalidArgument):
        check_path(given)


def test_what_is_valid_is_returned() -> None:
    assert check_new_bucket("my-bucket") == "my-bucket"
    assert check_path("folder/été 1.csv") == "folder/été 1.csv"
    assert check_prefix("folder/") == "folder/"
    assert check_prefix("") == ""

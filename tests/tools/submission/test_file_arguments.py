"""The buckets of a task with the folders in them, and the patterns of its results."""

from typing import Any

import pytest

from qarnot_mcp.tools.submission.file_arguments import ResourceBucket, as_expression, is_glob
from qarnot_mcp.tools.tasks.new_task import NewTask
from tests.support.arguments import refusal_of

SMALLEST = {"name": "t", "profile": "docker-batch"}


def body(**arguments: Any) -> dict[str, Any]:
    return NewTask.model_validate(SMALLEST | arguments).to_api()


def test_buckets_without_a_folder_travel_by_name() -> None:
    assert body(resource_buckets=["a", " b "])["resourceBuckets"] == ["a", "b"]
    assert "advancedResourceBuckets" not in body(resource_buckets=["a/"])


def test_a_folder_of_a_bucket_is_filtered_and_taken_off_the_paths() -> None:
    sent = body(resource_buckets=["in/scenes/2026", "common"])
    assert sent["advancedResourceBuckets"] == [
        {
            "bucketName": "in",
            "filtering": {"prefixFiltering": {"prefix": "scenes/2026/"}},
            "resourcesTransformation": {"stripPrefix": {"prefix": "scenes/2026/"}},
        },
        {"bucketName": "common"},
    ]
    assert "resourceBuckets" not in sent


@pytest.mark.parametrize(
    ("given", "prefix", "folder"),
    [
        ("in/a", "a/", "a/"),
        ("in/a/", "a/", "a/"),
        ("in/a/b.txt", "a/b.txt", "a/"),
        ("in/b.txt", "b.txt", ""),
        ("in/v1.2/", "v1.2/", "v1.2/"),
        ("in", "", ""),
    ],
)
def test_a_prefix_is_a_folder_unless_its_last_part_has_an_ending(given: str, prefix: str, folder: str) -> None:
    bucket = ResourceBucket.parse(given)
    assert (bucket.prefix, bucket.folder) == (prefix, folder)


@pytest.mark.parametrize("given", ["in//a", "in/../b", "in/a\\b", "s3://in", "/a", "in/\x07"])
def test_a_prefix_that_reaches_elsewhere_is_refused(given: str) -> None:
    assert refusal_of(NewTask, **SMALLEST, resource_buckets=[given]).startswith("resource_buckets is ")


@pytest.mark.parametrize("parameter", ["results_whitelist", "results_blacklist"])
def test_a_shells_pattern_is_refused_with_the_expression_that_is_meant(parameter: str) -> None:
    message = refusal_of(NewTask, **SMALLEST, **{parameter: "*.csv"})
    assert message.startswith(f"{parameter} is '*.csv'")
    assert r".*\.csv" in message


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", r"(?=x)", r"(a)\1", "[z-a]"])
def test_what_re2_does_not_take_is_refused_with_what_it_says(pattern: str) -> None:
    assert "RE2. It says: " in refusal_of(NewTask, **SMALLEST, results_whitelist=pattern)


def test_constants_in_a_pattern_are_filled_in_by_the_platform() -> None:
    assert body(results_whitelist=r"out/${CASE}-.*\.vtk")["resultsWhitelist"] == r"out/${CASE}-.*\.vtk"


@pytest.mark.parametrize(("pattern", "meant"), [("out*.csv", r"out.*\.csv"), ("frames/f*.png", r"frames/f.*\.png")])
def test_a_pattern_that_reads_as_a_shells_is_told_apart(pattern: str, meant: str) -> None:
    assert is_glob(pattern) is bool(meant)
    assert not meant or as_expression(pattern) == meant
    assert not is_glob(r".*\.csv")
    assert not is_glob("out/.*")

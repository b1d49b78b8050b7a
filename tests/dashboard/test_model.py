"""The unit tests of the dashboard's pure modules: *.test.js beside this file."""

from pathlib import Path

import pytest

from tests.support.javascript import assert_unit_tests_pass


@pytest.mark.e2e
def test_the_pure_modules_pass_their_unit_tests() -> None:
    assert_unit_tests_pass(Path(__file__).parent)

"""Moments as callers name them."""

from datetime import UTC, datetime

import pytest

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.tasks.filters import moment_named

NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("24h", datetime(2026, 11, 25, 12, 30, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 19, 12, 30, tzinfo=UTC)),
        ("30 M", datetime(2026, 11, 26, 12, 0, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 12, 12, 30, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T08:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T08:00:00+02:00", datetime(2026, 11, 20, 6, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_date_or_how_long_ago(given: str, meant: datetime) -> None:
    assert moment_named(given, NOW) == meant


@pytest.mark.parametrize("given", ["yesterday", "", "7", "-7d", "99999w", "2026-13-01", "20261120", "1" * 5000 + "d"])
def test_anything_else_is_refused_with_what_is_valid(given: str) -> None:
    with pytest.raises(InvalidArgument, match="2026-11-20"):
        moment_named(given, NOW)

import pytest

from qarnot_mcp.auth.mode import READ_SCOPE, WRITE_SCOPE, granted_scopes


@pytest.mark.parametrize(
    ("requested", "granted"),
    [
        (None, [READ_SCOPE, WRITE_SCOPE]),
        ("", [READ_SCOPE, WRITE_SCOPE]),
        ("offline_access", [READ_SCOPE, WRITE_SCOPE]),
        ("qarnot:read", [READ_SCOPE]),
        ("offline_access  qarnot:read", [READ_SCOPE]),
        ("qarnot:write", [READ_SCOPE, WRITE_SCOPE]),
        ("qarnot:write qarnot:read openid", [READ_SCOPE, WRITE_SCOPE]),
        ("QARNOT:WRITE qarnot:read", [READ_SCOPE]),
    ],
)
def test_unknown_scopes_are_left_out_and_reading_is_always_granted(requested: str | None, granted: list[str]) -> None:
    assert granted_scopes(requested) == granted

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.auth.caller import key_of_request
from qarnot_mcp.qarnot.errors import MalformedKey
from qarnot_mcp.qarnot.identifiers import MAX_KEY_CHARACTERS, check_key

KEY = "0123456789abcdef"


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", f"Bearer {KEY}")],
        [("Authorization", f"bearer   {KEY} ")],
        [("authorization", KEY)],
        [("x-api-key", KEY)],
        [("X-API-Key", f" {KEY} ")],
        [("authorization", f"Bearer {KEY}"), ("x-api-key", KEY)],
        [("accept", "*/*"), ("authorization", KEY)],
    ],
)
def test_the_key_is_read_from_each_way_to_send_it(headers: list[tuple[str, str]]) -> None:
    key = key_of_request(headers)
    assert key is not None
    assert key.get_secret_value() == KEY


def test_a_request_without_key_headers_has_no_key() -> None:
    assert key_of_request([("accept", "*/*"), ("cookie", "authorization=x")]) is None


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([("authorization", "")], "empty"),
        ([("authorization", "   ")], "empty"),
        ([("authorization", "Bearer")], "empty"),
        ([("authorization", "Bearer ")], "empty"),
        ([("x-api-key", "")], "empty"),
        ([("authorization", "Basic dXNlcjpwYXNz")], "neither"),
        ([("authorization", "Bearer two words")], "spaces"),
        ([("authorization", "Bearer clé")], "characters that no key has"),
        ([("authorization", "Bearer ${QARNOT_API_KEY}")], "did not put the value in"),
        ([("authorization", "Bearer $QARNOT_API_KEY")], "did not put the value in"),
        ([("authorization", "Bearer ${input:qarnot-key}")], "did not put the value in"),
        ([("authorization", "Bearer %QARNOT_API_KEY%")], "did not put the value in"),
        ([("authorization", "Bearer {{QARNOT_API_KEY}}")], "did not put the value in"),
        ([("authorization", "Bearer undefined")], "did not put the value in"),
        ([("authorization", "undefined")], "did not put the value in"),
        ([("authorization", "Bearer null")], "did not put the value in"),
        ([("authorization", "Bearer <your key>")], "did not put the value in"),
        ([("authorization", "Bearer YOUR_API_KEY")], "did not put the value in"),
        ([("x-api-key", "${QARNOT_API_KEY}")], "did not put the value in"),
        ([("x-api-key", f'"{KEY}"')], "in quotes"),
        ([("authorization", f"Bearer '{KEY}'")], "in quotes"),
        ([("x-api-key", "a\tb")], "characters that no key has"),
        ([("x-api-key", "a" * (MAX_KEY_CHARACTERS + 1))], "longer than 256"),
        ([("authorization", KEY), ("x-api-key", "another")], "different keys"),
        ([("authorization", KEY), ("authorization", "another")], "different keys"),
        ([("authorization", KEY), ("x-api-key", "")], "empty"),
    ],
)
def test_a_header_without_a_usable_key_is_refused(headers: list[tuple[str, str]], reason: str) -> None:
    with pytest.raises(MalformedKey, match=reason) as caught:
        key_of_request(headers)
    assert KEY not in str(caught.value)
    assert "dXNlcjpwYXNz" not in str(caught.value)


@given(st.text(max_size=300))
def test_no_accepted_key_can_break_a_header(text: str) -> None:
    try:
        key = check_key(text).get_secret_value()
    except MalformedKey:
        return
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key

import logging
from typing import Literal

import pytest
from pydantic import SecretStr

from qarnot_mcp.auth.mode import Mode, announce_access, choose_mode

KEY = SecretStr("the-servers-key")
PUBLIC = "https://mcp.example.org"


@pytest.mark.parametrize(
    ("auth", "api_key", "public_url", "mode"),
    [
        ("auto", KEY, None, "key"),
        ("auto", KEY, PUBLIC, "key"),
        ("auto", None, PUBLIC, "oauth"),
        ("auto", None, None, "key"),
        ("key", None, PUBLIC, "key"),
        ("oauth", KEY, None, "oauth"),
    ],
)
def test_the_mode_follows_the_rule(
    auth: Literal["auto", "key", "oauth"], api_key: SecretStr | None, public_url: str | None, mode: Mode
) -> None:
    assert choose_mode(auth, api_key, public_url) == mode


def lines(
    mode: Mode,
    api_key: SecretStr | None,
    public_url: str | None,
    host: str = "127.0.0.1",
    *,
    is_simulated: bool = False,
) -> str:
    announced = announce_access(
        mode,
        api_key=api_key,
        public_url=public_url,
        host=host,
        port=8000,
        path="/mcp",
        is_simulated=is_simulated,
    )
    return "\n".join(f"{logging.getLevelName(line.level)} {line.text}" for line in announced)


def test_the_log_says_the_mode_and_the_address_to_paste() -> None:
    said = lines("oauth", None, PUBLIC)
    assert "INFO Access mode oauth" in said
    assert "https://mcp.example.org/mcp" in said
    assert "WARNING" not in said


def test_a_local_server_with_its_own_key_needs_no_warning() -> None:
    said = lines("key", KEY, None)
    assert "Access mode key" in said
    assert "http://localhost:8000/mcp" in said
    assert "WARNING" not in said


@pytest.mark.parametrize(("public_url", "host"), [(PUBLIC, "127.0.0.1"), (None, "0.0.0.0"), (PUBLIC, "0.0.0.0")])
def test_a_server_with_its_own_key_that_listens_beyond_this_machine_warns_once(
    public_url: str | None, host: str
) -> None:
    said = lines("key", KEY, public_url, host)
    assert said.count("WARNING") == 1
    assert "spend its credits" in said
    assert "QARNOT_MCP_AUTH=oauth" in said


def test_without_a_key_of_its_own_there_is_nothing_to_warn_of() -> None:
    assert "WARNING" not in lines("key", None, PUBLIC, "0.0.0.0")


def test_a_simulation_has_no_credits_to_spend() -> None:
    said = lines("key", KEY, PUBLIC, "0.0.0.0", is_simulated=True)
    assert "simulated account" in said
    assert "WARNING" not in said


def test_signing_in_without_a_public_address_works_on_this_machine_only() -> None:
    said = lines("oauth", KEY, None)
    assert "WARNING No public address" in said
    assert "not used in this mode" in said


def test_no_line_shows_the_key() -> None:
    for mode in ("key", "oauth"):
        assert KEY.get_secret_value() not in lines(mode, KEY, PUBLIC, "0.0.0.0")

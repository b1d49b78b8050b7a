import logging
from typing import Any, Literal

import pytest
from pydantic import SecretStr

from qarnot_mcp.auth.mode import Mode, announce_access, choose_mode
from qarnot_mcp.settings.model import Settings

KEY = SecretStr("the-servers-key")
PUBLIC = "https://mcp.example.org"


@pytest.mark.parametrize(
    ("auth", "public_url", "mode"),
    [
        ("auto", None, "key"),
        ("auto", PUBLIC, "oauth"),
        ("key", PUBLIC, "key"),
        ("key", None, "key"),
        ("oauth", None, "oauth"),
        ("oauth", PUBLIC, "oauth"),
    ],
)
def test_a_key_serves_no_public_address_unless_asked_for_by_name(
    auth: Literal["auto", "key", "oauth"], public_url: str | None, mode: Mode
) -> None:
    assert choose_mode(auth, public_url) == mode


def lines(mode: Mode, api_key: SecretStr | None, public_url: str | None, host: str = "127.0.0.1", **more: Any) -> str:
    is_simulated = more.pop("is_simulated", False)
    settings = Settings(api_key=api_key, host=host, **more)
    announced = announce_access(settings, mode, public_url, is_simulated=is_simulated)
    return "\n".join(f"{logging.getLevelName(line.level)} {line.text}" for line in announced)


def test_the_log_says_the_mode_and_the_address_to_paste() -> None:
    said = lines("oauth", None, PUBLIC)
    assert "INFO Access mode oauth" in said
    assert "https://mcp.example.org/mcp" in said
    assert "WARNING" not in said


def test_a_path_that_claude_on_the_web_does_not_find_is_named() -> None:
    said = lines("oauth", None, PUBLIC, path="/qarnot/mcp")
    assert "WARNING QARNOT_MCP_PATH is /qarnot/mcp: Claude on the web was seen to connect to /mcp only" in said
    assert "WARNING" not in lines("key", KEY, None, path="/qarnot/mcp")


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
    assert said.splitlines()[1].startswith("WARNING")
    assert "spend its credits" in said
    assert "QARNOT_MCP_AUTH=oauth" in said


def test_a_server_that_answers_under_another_name_is_not_taken_for_a_local_one() -> None:
    assert "spend its credits" in lines("key", KEY, None, allowed_hosts=["mcp.example.org"])


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

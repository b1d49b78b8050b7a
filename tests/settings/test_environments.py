"""Settings as machines and platforms hand them over."""

import os
from pathlib import Path

import pytest

from qarnot_mcp.settings.fields import SettingsError
from qarnot_mcp.settings.load import load_settings

SERVICE = {
    "QARNOT_MCP_PORT": "tcp://10.0.0.9:8000",
    "QARNOT_MCP_SERVICE_HOST": "10.0.0.9",
    "QARNOT_MCP_SERVICE_PORT": "8000",
    "QARNOT_MCP_SERVICE_PORT_HTTP": "8000",
    "QARNOT_MCP_PORT_8000_TCP": "tcp://10.0.0.9:8000",
    "QARNOT_MCP_PORT_8000_TCP_PROTO": "tcp",
    "QARNOT_MCP_PORT_8000_TCP_PORT": "8000",
    "QARNOT_MCP_PORT_8000_TCP_ADDR": "10.0.0.9",
}


def test_a_kubernetes_service_of_this_name_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVICE.items():
        monkeypatch.setenv(name, value)
    assert load_settings(None).port == 8000
    monkeypatch.setenv("PORT", "9100")
    assert load_settings(None).port == 9100


def test_a_platforms_port_counts_where_ours_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9100")
    assert load_settings(None).port == 9100
    monkeypatch.setenv("QARNOT_MCP_PORT", "9200")
    assert load_settings(None).port == 9200
    monkeypatch.delenv("QARNOT_MCP_PORT")
    monkeypatch.setenv("PORT", "many")
    with pytest.raises(SettingsError, match="PORT is 'many'"):
        load_settings(None)


@pytest.mark.parametrize("value", ['"key-of-a-test"', "'key-of-a-test'", "key-of-a-test\n", "  key-of-a-test "])
def test_quotes_and_blanks_around_a_value_are_taken_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("QARNOT_API_KEY", value)
    key = load_settings(None).api_key
    assert key is not None
    assert key.get_secret_value() == "key-of-a-test"


@pytest.mark.parametrize(("given", "level"), [("warn", "WARNING"), ("Fatal", "CRITICAL"), ("info", "INFO")])
def test_the_usual_spellings_of_a_level_are_taken(monkeypatch: pytest.MonkeyPatch, given: str, level: str) -> None:
    monkeypatch.setenv("LOG_LEVEL", given)
    assert load_settings(None).log_level == level


def test_a_pipe_in_place_of_the_file_stops_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    with pytest.raises(SettingsError, match="is no plain file"):
        load_settings(tmp_path / ".env")

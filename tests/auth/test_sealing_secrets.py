import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from qarnot_mcp.auth.oauth.sealing_secrets import load_secrets
from qarnot_mcp.settings.fields import SettingsError


def test_configured_secrets_are_used_as_they_are(tmp_path: Path) -> None:
    configured = [SecretStr("a" * 32), SecretStr("b" * 32)]
    loaded = load_secrets(configured, tmp_path / "secret")
    assert loaded.values == configured
    assert loaded.notice is None
    assert not (tmp_path / "secret").exists()


def test_a_missing_file_is_made_readable_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    loaded = load_secrets([], file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == loaded.values[0].get_secret_value()
    assert len(file.read_text()) >= 43
    assert str(file) in str(loaded.notice)


def test_the_next_start_finds_the_same_secret(tmp_path: Path) -> None:
    first = load_secrets([], tmp_path / "secret")
    second = load_secrets([], tmp_path / "secret")
    assert second.values == first.values
    assert second.notice is None


def test_of_many_who_start_at_the_same_time_all_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        loaded = list(pool.map(lambda _: load_secrets([], tmp_path / "secret"), range(64)))
    assert len({one.values[0].get_secret_value() for one in loaded}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_two_files_get_different_secrets(tmp_path: Path) -> None:
    assert load_secrets([], tmp_path / "one").values != load_secrets([], tmp_path / "two").values


def test_where_no_file_can_be_written_the_secret_lives_in_memory(tmp_path: Path) -> None:
    loaded = load_secrets([], tmp_path / "missing" / "secret")
    assert len(loaded.values[0].get_secret_value()) >= 32
    assert "in memory only" in str(loaded.notice)
    assert "QARNOT_MCP_SECRET_KEY" in str(loaded.notice)


def test_where_the_file_cannot_be_read_the_secret_lives_in_memory(tmp_path: Path) -> None:
    assert "cannot be read" in str(load_secrets([], tmp_path).notice)


def test_a_file_without_a_secret_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("short")
    with pytest.raises(SettingsError, match="delete the file"):
        load_secrets([], file)

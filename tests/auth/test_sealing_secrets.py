import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from qarnot_mcp.auth.oauth.sealing import load_secrets
from qarnot_mcp.settings.fields import SettingsError


def written(file: Path, content: str = "a-secret-that-is-long-enough-for-the-server") -> Path:
    file.touch(mode=0o600)
    file.write_text(content)
    return file


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
    written(file, "short")
    with pytest.raises(SettingsError, match="delete the file"):
        load_secrets([], file)


@pytest.mark.parametrize("mode", [0o666, 0o644, 0o640, 0o620, 0o602])
def test_a_secret_that_others_can_read_or_choose_seals_nothing(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "secret")
    file.chmod(mode)
    with pytest.raises(SettingsError, match=f"others can read or write.*mode {mode:o}.*delete the file") as caught:
        load_secrets([], file)
    assert "a-secret" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("is_link", [False, True])
def test_a_secret_of_another_user_seals_nothing(tmp_path: Path, is_link: bool) -> None:
    theirs = written(tmp_path / "theirs")
    os.chown(theirs, 65_534, 65_534)
    file = tmp_path / "link" if is_link else theirs
    if is_link:
        file.symlink_to(theirs)
    with pytest.raises(SettingsError, match="belongs to another user"):
        load_secrets([], file)


def test_a_link_to_a_file_of_the_same_user_is_followed(tmp_path: Path) -> None:
    own = written(tmp_path / "own")
    (tmp_path / "link").symlink_to(own)
    assert load_secrets([], tmp_path / "link").values[0].get_secret_value() == own.read_text()


def test_a_link_to_nowhere_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "missing")
    with pytest.raises(SettingsError, match="a link to a file that does not exist"):
        load_secrets([], tmp_path / "link")


def test_a_pipe_does_not_block_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingsError, match="no regular file"):
        load_secrets([], tmp_path / "pipe")

"""Settings: defaults, aliases, `.env`, and the one line for what is wrong."""

from pathlib import Path

import pytest

from qarnot_mcp.settings.fields import SettingsError
from qarnot_mcp.settings.load import load_settings
from qarnot_mcp.settings.model import Settings, variables_of

VARIABLES = [name for field in Settings.model_fields for name in variables_of(field)]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings(None)


def test_defaults_are_those_of_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.api_key is None
    assert settings.base_url == "https://api.qarnot.com"
    assert settings.api_version == "1"
    assert settings.log_level == "INFO"
    assert (settings.host, settings.port, settings.path) == ("localhost", 8000, "/mcp")
    assert not settings.read_only


def test_the_names_of_the_official_sdk_work(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, QARNOT_CLIENT_TOKEN="theirs", QARNOT_CLUSTER_URL="https://other.example.org/")
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "theirs"
    assert settings.base_url == "https://other.example.org"


def test_our_names_come_before_those_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, QARNOT_CLIENT_TOKEN="theirs", QARNOT_API_KEY="ours")
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "ours"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, QARNOT_API_KEY="", QARNOT_MCP_PORT="").port == 8000


def test_the_env_file_is_read_behind_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("QARNOT_MCP_PORT=9000\nQARNOT_MCP_PATH=/qarnot\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("QARNOT_MCP_PORT", "9001")
    settings = load_settings(file)
    assert (settings.port, settings.path) == (9001, "/qarnot")


def test_the_command_line_comes_before_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QARNOT_MCP_PORT", "9001")
    assert load_settings(None, port="9002").port == 9002


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, QARNOT_MCP_ALLOWED_HOSTS="a.example, *.b.example,", LOG_LEVEL="debug")
    assert settings.allowed_hosts == ["a.example", "*.b.example"]
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize(
    ("variable", "value", "valid"),
    [
        ("QARNOT_MCP_PORT", "abc", "a whole number from 1 to 65535"),
        ("QARNOT_MCP_PORT", "0", "a whole number from 1 to 65535"),
        ("QARNOT_BASE_URL", "api.qarnot.com", "an address such as https://api.qarnot.com"),
        ("QARNOT_BASE_URL", "https://api.qarnot.com /v1", "an address"),
        ("QARNOT_MCP_PUBLIC_URL", "https://h\\x", "an address"),
        ("QARNOT_MCP_PUBLIC_URL", "https://mcp.example.org:", "an address"),
        ("QARNOT_MCP_PUBLIC_URL", "https://:443", "an address"),
        ("QARNOT_MCP_PATH", "/authorize", "a path such as /mcp"),
        ("QARNOT_MCP_PATH", "/token", "a path such as /mcp"),
        ("QARNOT_MCP_PATH", "/.well-known/oauth-protected-resource", "without a dot at its start"),
        ("QARNOT_BASE_URL", "https://api.qarnot.com:99999", "an address"),
        ("QARNOT_API_VERSION", "../x", "a number such as 1"),
        ("LOG_LEVEL", "loud", "DEBUG, INFO"),
        ("QARNOT_MCP_LOG_FORMAT", "xml", "text or json"),
        ("QARNOT_MCP_READ_ONLY", "perhaps", "true or false"),
        ("QARNOT_MCP_PATH", "mcp", "a path such as /mcp"),
        ("QARNOT_MCP_PATH", "/health", "none of /health"),
        ("QARNOT_MCP_AUTH", "none", "auto, key or oauth"),
        ("QARNOT_MCP_ALLOWED_HOSTS", "https://mcp.example.org", "host names separated by commas"),
        ("QARNOT_MCP_ALLOWED_ORIGINS", "mcp.example.org", "origins separated by commas"),
        ("QARNOT_MCP_ALLOWED_ORIGINS", "https://mcp.example.org/page", "origins separated by commas"),
        ("QARNOT_MCP_ALLOWED_REDIRECTS", "mcp.example.org/callback", "https addresses separated by commas"),
        ("QARNOT_MCP_CONNECT_TIMEOUT_SECONDS", "0", "a number of seconds above 0"),
        ("QARNOT_MCP_MAX_LOG_BYTES", "1", "a whole number of bytes"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_variable_value_and_what_is_valid(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, valid: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **{variable: value})
    message = str(caught.value)
    assert message.startswith(f"{variable} is {value!r}")
    assert valid in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "address",
    [
        "https://bob:hunter2@api.qarnot.com",
        "https://hunter2@api.qarnot.com",
        "bob:hunter2@api.qarnot.com",
        "https://bob:hun/hunter2@api.qarnot.com",
        "https://api.qarnot.com?key=hunter2",
    ],
)
def test_the_password_in_a_refused_address_is_not_shown(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    with pytest.raises(SettingsError, match=r"QARNOT_BASE_URL is '.*api\.qarnot\.com.*without user") as caught:
        load(monkeypatch, QARNOT_BASE_URL=address)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_blank_key_is_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, blank: str) -> None:
    assert load(monkeypatch, QARNOT_API_KEY=blank).api_key is None
    file = tmp_path / ".env"
    file.write_text(f"QARNOT_API_KEY='{blank}'\nQARNOT_CLIENT_TOKEN=theirs\n")
    monkeypatch.delenv("QARNOT_API_KEY")
    api_key = load_settings(file).api_key
    assert api_key is not None
    assert api_key.get_secret_value() == "theirs"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("QARNOT_API_KEY=clé".encode("latin-1"), "is not a text in UTF-8"),
        ("QARNOT_API_KEY=key".encode("utf-16"), "is not a text in UTF-8"),
        (b"QARNOT_MCP_READ_ONLY\n", "QARNOT_MCP_READ_ONLY has no value in .*"),
        (b"QARNOT_API_KEY\n", "QARNOT_API_KEY has no value in .*"),
    ],
)
def test_an_env_file_that_does_not_say_what_it_means_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings(file)
    assert "\n" not in str(caught.value)


def test_an_env_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)


def test_a_secret_of_the_env_file_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = "a-secret-with-${HOME}-in-it-and-enough-characters"
    file = tmp_path / ".env"
    file.write_bytes(f"\ufeffQARNOT_MCP_SECRET_KEY={secret}\n".encode())
    assert [one.get_secret_value() for one in load_settings(file).secret_key] == [secret]


def test_a_wrong_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"QARNOT_MCP_SECRET_KEY is \(hidden\).*at least 32") as caught:
        load(monkeypatch, QARNOT_MCP_SECRET_KEY="short-secret")
    assert "short-secret" not in str(caught.value)


def test_a_wrong_argument_is_named_as_the_command_line_has_it() -> None:
    with pytest.raises(SettingsError, match="--port is '99999'"):
        load_settings(None, port="99999")


def test_an_unknown_name_is_an_error_with_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"QARNOT_MCP_PROT is not a setting.*QARNOT_MCP_PORT"):
        load(monkeypatch, QARNOT_MCP_PROT="8000")


def test_an_unknown_name_in_the_env_file_is_an_error_too(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("QARNOT_MCP_READONLY=true\n")
    with pytest.raises(SettingsError, match="nearest one is QARNOT_MCP_READ_ONLY"):
        load_settings(file)


def test_secrets_are_not_shown_by_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        QARNOT_API_KEY="very-secret-key",
        QARNOT_MCP_SECRET_KEY="s" * 40,
        QARNOT_MCP_STORE_URL="redis://:hidden-password@redis",
    )
    shown = repr(settings)
    assert "very-secret-key" not in shown
    assert "s" * 40 not in shown
    assert "hidden-password" not in shown

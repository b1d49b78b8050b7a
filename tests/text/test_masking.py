from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.text.masking import (
    HIDDEN,
    LogMask,
    is_secret_name,
    mask_constants,
    mask_raw,
    mask_text,
    secret_values,
)


@pytest.mark.parametrize(
    "name",
    [
        "QARNOT_SECRET__API",
        "qarnot_secret__x",
        "DOCKER_REGISTRY_PASSWORD",
        "VNC_PASSWORD",
        "PGPASSWORD",
        "DB_PASS",
        "dbPassword",
        "MYSQL_PWD",
        "ssh_passphrase",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "GITHUBTOKEN",
        "accessToken",
        "TOKEN_FOR_API",
        "API_KEY",
        "openai.apiKey",
        "PRIVATE_KEY",
        "LICENSE_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "DOCKER_AUTH",
        "SENTRY_DSN",
    ],
)
def test_a_name_that_says_secret_is_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "DOCKER_CMD",
        "DOCKER_REGISTRY_LOGIN",
        "DOCKER_REPO",
        "DOCKER_SSH",
        "PWD_MODE",
        "PASSES",
        "BYPASS_CHECKS",
        "COMPASS",
        "AUTHOR",
        "MAX_TOKENS",
        "TOKENIZER",
        "SORT_KEY",
        "KEYBOARD",
        "MONKEY",
        "",
        "___",
    ],
)
def test_an_ordinary_name_is_not_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_constants_keep_their_keys_and_lose_their_secrets() -> None:
    masked = mask_constants(
        {
            "DOCKER_REPO": "library/ubuntu",
            "DOCKER_REGISTRY_PASSWORD": "hunter2hunter2",
            "VNC_PASSWORD": "",
            "QARNOT_SECRET__A": "[SECRET]",
            "DATABASE": "postgres://me:hunter2@db/x",
            "TITLE": "\x1b[31mred",
        }
    )
    assert masked == {
        "DOCKER_REPO": "library/ubuntu",
        "DOCKER_REGISTRY_PASSWORD": HIDDEN,
        "VNC_PASSWORD": "",
        "QARNOT_SECRET__A": HIDDEN,
        "DATABASE": f"postgres://me:{HIDDEN}@db/x",
        "TITLE": "\\x1b[31mred",
    }


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("curl https://me:p4ss@example.org/a", f"curl https://me:{HIDDEN}@example.org/a"),
        ("git clone https://:tok@host", f"git clone https://:{HIDDEN}@host"),
        ("sh -c 'DB_PASSWORD=abc run && ls'", f"sh -c 'DB_PASSWORD={HIDDEN} run && ls'"),
        ('{"api_key": "abc"}', f'{{"api_key": "{HIDDEN}"}}'),
        ("tool --password abc --fast", f"tool --password {HIDDEN} --fast"),
        ("curl -H 'Authorization: Bearer abcdefghij'", f"curl -H 'Authorization: Bearer {HIDDEN}'"),
        ("key AKIAIOSFODNN7EXAMPLE end", f"key {HIDDEN} end"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nz", f"{HIDDEN}\nz"),
        ("-----BEGIN PRIVATE KEY-----\nabc", HIDDEN),
        ("run --token $TOKEN", "run --token $TOKEN"),
        ("PASSWORD=$DB_PASSWORD", "PASSWORD=$DB_PASSWORD"),
        ("tokenize --max-tokens 5", "tokenize --max-tokens 5"),
        ("mail me@example.org", "mail me@example.org"),
        ("http://host:80/a@b", "http://host:80/a@b"),
    ],
)
def test_secrets_inside_a_value_are_hidden(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_the_whole_answer_loses_its_secrets_however_deep() -> None:
    answer = {
        "constants": [{"key": "DB_PASSWORD", "value": "abc"}, {"key": "DOCKER_CMD", "value": "echo"}],
        "forcedConstants": [{"constantName": "API_TOKEN", "forcedValue": "abc", "access": "readOnly"}],
        "labels": {"token": "abc", "team": "a"},
        "secretsAccessRights": {"bySecret": [{"key": "database"}], "byPrefix": []},
        "privileges": {"exportApiAndStorageCredentialsInEnvironment": True},
        "errors": [{"message": "pull from https://me:abc@host failed\x00"}],
        "progress": 12.5,
        "profile": None,
        "password": "",
    }
    assert mask_raw(answer) == {
        "constants": [{"key": "DB_PASSWORD", "value": HIDDEN}, {"key": "DOCKER_CMD", "value": "echo"}],
        "forcedConstants": [{"constantName": "API_TOKEN", "forcedValue": HIDDEN, "access": "readOnly"}],
        "labels": {"token": HIDDEN, "team": "a"},
        "secretsAccessRights": {"bySecret": [{"key": "database"}], "byPrefix": []},
        "privileges": {"exportApiAndStorageCredentialsInEnvironment": True},
        "errors": [{"message": f"pull from https://me:{HIDDEN}@host failed"}],
        "progress": 12.5,
        "profile": None,
        "password": "",
    }


def test_an_answer_that_is_nested_without_end_is_cut() -> None:
    deep: object = "end"
    for _ in range(1000):
        deep = [deep]
    assert "too deep" in str(mask_raw(deep))


def test_an_answer_is_not_changed_in_place() -> None:
    answer = {"constants": [{"key": "DB_PASSWORD", "value": "abc"}]}
    mask_raw(answer)
    assert answer == {"constants": [{"key": "DB_PASSWORD", "value": "abc"}]}


def test_the_secret_values_of_a_task_are_found_in_names_and_urls() -> None:
    constants = {"A_TOKEN": "tok-123456", "URL": "https://me:pass-word@h", "DOCKER_CMD": "echo"}
    assert secret_values(constants) == {"tok-123456", "pass-word"}


def test_secret_values_are_hidden_in_logs() -> None:
    mask = LogMask(["s3cr3t-value"])
    assert mask.hide("login s3cr3t-value ok, s3cr3t-value") == f"login {HIDDEN} ok, {HIDDEN}"


def test_the_longest_value_is_hidden_first() -> None:
    assert LogMask(["abc-123", "abc-123-456"]).hide("abc-123-456!") == f"{HIDDEN}!"


def test_a_value_is_hidden_in_its_quoted_forms_too() -> None:
    mask = LogMask(['pa ss/"w0rd'])
    assert mask.hide('u=pa%20ss%2F%22w0rd j="pa ss/\\"w0rd"') == f'u={HIDDEN} j="{HIDDEN}"'


def test_each_line_of_a_secret_of_several_lines_is_hidden() -> None:
    mask = LogMask(["-----BEGIN KEY-----\nMIIEabcdef\n-----END KEY-----"])
    assert mask.hide(" 0> MIIEabcdef") == f" 0> {HIDDEN}"


@pytest.mark.parametrize("value", ["", "true", "1234", "root1", "------", "000000", "password", "[SECRET]"])
def test_everyday_values_are_no_needles(value: str) -> None:
    mask = LogMask([value])
    assert not mask
    assert mask.hide(f"a {value} b") == f"a {value} b"


@given(st.text("abcdef012345-_/+", min_size=8, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_a_hidden_value_does_not_show(value: str, before: str, after: str) -> None:
    mask = LogMask([value])
    if mask:
        assert mask.hide(f"{before}|{value}|{after}").count(value) == 0


@given(st.text(max_size=40))
def test_any_value_can_be_masked(value: str) -> None:
    assert isinstance(LogMask([value]).hide(value), str)
    assert isinstance(mask_text(value), str)


def test_a_value_that_is_not_text_can_be_masked() -> None:
    assert LogMask(["\ud800\ud801\ud802abcdef"]).hide("x \ud800\ud801\ud802abcdef") == f"x {HIDDEN}"


@pytest.mark.parametrize(
    "printed",
    [
        "s3cr3t/p&ss<w>rd",
        "s3cr3t%2Fp%26ss%3Cw%3Erd",
        "s3cr3t%2fp%26ss%3cw%3erd",
        "s3cr3t/p%26ss%3Cw%3Erd",
        "s3cr3t/p&amp;ss&lt;w&gt;rd",
    ],
)
def test_a_secret_is_hidden_as_programs_print_it(printed: str) -> None:
    assert LogMask(["s3cr3t/p&ss<w>rd"]).hide(f"[{printed}]") == f"[{HIDDEN}]"


@pytest.mark.parametrize("user", ["", "u", "bo", "ann", "a longer name"])
def test_a_secret_is_hidden_in_base64_whatever_stands_before_it(user: str) -> None:
    secret = "correct horse battery"
    encoded = b64encode(f"{user}:{secret}".encode()).decode()
    hidden = LogMask([secret]).hide(f"Authorization: Basic {encoded}")
    assert HIDDEN in hidden
    assert len(hidden) < len("Authorization: Basic ") + len(HIDDEN) + len(encoded) - len(secret)


@pytest.mark.parametrize("mark", ["…", "… (1,234 more characters)", "[... 20,000 characters cut ...]"])
def test_what_a_cut_has_left_of_a_secret_is_hidden(mark: str) -> None:
    mask = LogMask(["s3cr3t-value"])
    for kept in range(4, 12):
        assert mask.hide(f"a {'s3cr3t-value'[:kept]}{mark}") == f"a {HIDDEN}{mark}"
        assert mask.hide(f"{mark}{'s3cr3t-value'[-kept:]} b").endswith(f"{HIDDEN} b")
    assert mask.hide(f"a s3{mark}ue b") == f"a s3{mark}ue b"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("tool --token tok-1234", {"tok-1234"}),
        ("tool --api-key=ak-12345", {"ak-12345"}),
        ("tool --license-key 'lk-12345'", {"lk-12345"}),
        ("tool -u bob -p hunter2222", {"hunter2222"}),
        ("docker login -u bob -p correcthorse reg", {"correcthorse"}),
        ("sshpass -p correcthorse ssh h", {"correcthorse"}),
        ("mysql -ucorrect -pcorrecthorse", {"correcthorse"}),
        ("curl -u bob:correcthorse https://h", {"correcthorse"}),
        ("curl -H 'Authorization: Bearer abcdefghij'", {"abcdefghij"}),
        ("git clone https://bob:correcthorse@h/r", {"correcthorse"}),
        ("docker pull bob:correcthorse@h/image", {"correcthorse"}),
        ("mkdir -p results2 && ssh -p 2222 h && python -m pytest -p no:cacheprovider -p data/run1", set()),
        ("serve -p 8080:80 --max-tokens 512 -u 1000:1000", set()),
        ("docker pull ubuntu:24.04@sha256:0123456789abcdef", set()),
    ],
)
def test_secrets_in_a_command_are_known(command: str, found: set[str]) -> None:
    assert secret_values({"DOCKER_CMD": command}) == found
    assert not any(secret in mask_text(command) for secret in found)

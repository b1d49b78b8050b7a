import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.tools.docker_commands import in_shell, shell_syntax


@pytest.mark.parametrize(
    ("command", "syntax"),
    [
        ("echo a && echo b", "&&"),
        ("make || true", "||"),
        ("cat in.txt | sort", "|"),
        ("sort in.txt > out.txt", ">"),
        ("sort < in.txt", "<"),
        ("echo a; echo b", ";"),
        ("echo $(date)", "$("),
        ("echo `date`", "`"),
        ("cd /job", "cd"),
        ("export A=1", "export"),
        ("A=1 python run.py", "A="),
        ("echo a\necho b", "a second line"),
        ("bashful -c | x", "|"),
    ],
)
def test_shell_syntax_outside_a_shell_is_seen(command: str, syntax: str) -> None:
    assert shell_syntax(command) == syntax


@pytest.mark.parametrize(
    "command",
    [
        "",
        "echo hello from ${INSTANCE_ID}",
        "sh -c 'echo a && echo b'",
        '/bin/bash -c "a | b"',
        "bash -euo pipefail -c 'a; b'",
        "bash -lc 'a; b'",
        "exec zsh -c 'a;b'",
        "python -c 'import os; print(os.name)'",
        'awk "{ print $1; }" in.txt',
        "echo 'a > b'",
        "python run.py --if this --cd that\n",
    ],
)
def test_a_command_that_needs_no_shell_is_left_alone(command: str) -> None:
    assert shell_syntax(command) == ""


@given(st.text(st.sampled_from("ab '\"$;|&"), max_size=40))
def test_a_command_in_a_shell_is_the_same_command(command: str) -> None:
    wrapped = in_shell(command)
    assert shlex.split(wrapped) == ["sh", "-c", command]
    assert shell_syntax(wrapped) == ""


def test_a_quote_that_nothing_ends_quotes_the_rest() -> None:
    assert shell_syntax('echo "a && b') == ""
    assert shell_syntax("echo 'a | b") == ""
    assert shell_syntax('echo "a\\') == ""

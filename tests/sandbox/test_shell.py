"""Command lines are followed, never run, and never beyond their bounds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qarnot_mcp.sandbox.commands.programs import run_command, run_profile
from qarnot_mcp.sandbox.commands.run import NumberRange, Run
from qarnot_mcp.sandbox.commands.shell import MAX_NUMBERS, MAX_RUN_SECONDS, MAX_WORK

VARIABLES = {"INSTANCE_ID": "3", "INSTANCE_COUNT": "4", "GREETING": "good day", "EMPTY": ""}


def text(run: Run, stream: str = "stdout") -> str:
    return "".join(
        output.content.tail(10**6) if isinstance(output.content, NumberRange) else output.content
        for output in run.outputs
        if output.stream == stream
    )


@pytest.mark.parametrize(
    ("command", "stdout"),
    [
        ("echo hello", "hello\n"),
        ("echo hello from node ${INSTANCE_ID}!", "hello from node 3!\n"),
        ("echo $INSTANCE_ID/$INSTANCE_COUNT", "3/4\n"),
        ("sh -c 'echo $GREETING'", "good day\n"),
        ('bash -c "echo ${GREETING}; echo two"', "good day\ntwo\n"),
        ("sh -c 'exit 3' || echo rescued", "rescued\n"),
        ("echo a && echo b; false && echo c; false || echo d", "a\nb\nd\n"),
        ("true || echo no; : && echo yes", "yes\n"),
        (
            "echo 'single $INSTANCE_ID' \"double $INSTANCE_ID\" bare\\ space",
            "single $INSTANCE_ID double 3 bare space\n",
        ),
        ('echo "a \\"quoted\\" \\$5 \\x"', 'a "quoted" $5 \\x\n'),
        ("echo -n no newline", "no newline"),
        ("echo cost: 5$ $EMPTY $UNKNOWN end", "cost: 5$ end\n"),
        ('echo "$EMPTY" x', " x\n"),
        ("printf '%s-%d|%%d\\t\\\\' a 7", "a-7|%d\t\\"),
        ("printf '%s=%i;' a 1 b", "a=1;b=;"),
        ("printf '%s\\n' one two three", "one\ntwo\nthree\n"),
        ("printf 'plain\\n' ignored", "plain\n"),
        ("printf", ""),
        ("seq 3", "1\n2\n3\n"),
        ("seq 2 4", "2\n3\n4\n"),
        ("seq 5 -2 1", "5\n3\n1\n"),
        ("seq 3 1", ""),
        ("X=5; Y=$X.5 echo kept; echo $X $Y", "kept\n5 5.5\n"),
        ('A="1 2" B=3; echo $A$B', "1 23\n"),
        ("false; echo $?", "1\n"),
        ("echo one # a comment; echo two\necho three", "one\nthree\n"),
        ("echo a > /job/result.txt; echo b >> log; seq 3 > x; echo c", "c\n"),
        ("echo a > f; echo b >> f; seq 2 >> f; cat f", "a\nb\n1\n2\n"),
        ("echo old > f; echo new > f; cat ./missing f 2>/dev/null", "new\n"),
        ("sleep x 2> f; cat f", "sleep: invalid time interval: the sandbox takes one, such as 90, 1.5m or 2h\n"),
        ("echo a > f; cat f >> f; cat f", "a\na\n"),
        ("echo piped | cat > f; cat f f", "piped\npiped\n"),
        ("echo lost | true && echo kept", "kept\n"),
        ("false && echo no | cat || echo yes", "yes\n"),
        ("sleep x 2>&1 | cat", "sleep: invalid time interval: the sandbox takes one, such as 90, 1.5m or 2h\n"),
        ("echo 2 > f; echo a2>g; cat f g", "2\na2\n"),
        ("echo a &&\n echo b |\n cat", "a\nb\n"),
        ("echo a#b '#c' # d", "a#b #c\n"),
        ("echo quiet 2>/dev/null 2>&1", "quiet\n"),
        ("/bin/echo full; /usr/bin/printf path", "full\npath"),
        ("echo one \\\n two", "one two\n"),
        ("", ""),
        (";;;", ""),
    ],
)
def test_what_is_understood_is_printed_as_a_shell_would(command: str, stdout: str) -> None:
    assert text(run_command(command, VARIABLES)) == stdout


@pytest.mark.parametrize(
    ("command", "part", "exit_code"),
    [
        ("python3 my.py --part 3", "python3 my.py --part 3", 127),
        ("ls -l", "ls -l", 127),
        ("bash script.sh", "bash script.sh", 127),
        ("sh", "sh", 127),
        ("python3", "python3", 127),
        ("set -e", "set -e", 127),
        ("export A=1", "export A=1", 127),
        ("printf '%5s' a", "printf %5s a", 127),
        ("sh -ec 'echo a'", "sh -ec", 127),
        ("for i in 1 2 3; do echo $i; done", "for i in 1 2 3", 127),
        ("while true; do echo x; done", "while true", 127),
        ("echo $(date)", "$(date)", 2),
        ("echo `date`", "`date`", 2),
        ("echo ${X:-default}", "${X:-default}", 2),
        ("cat < file", "< file", 2),
        ("sleep 1 & ", "& ", 2),
        ("echo a &> f", "&> f", 2),
        ("echo a && ", "&&", 2),
        ("echo a ; && echo b", "&&", 2),
        ("echo 'never closed", "'never closed", 2),
        ('echo "never closed', '"never closed', 2),
        ("(echo sub)", "(echo sub)", 2),
        ("echo a | ", "|", 2),
        ("echo a >", ">", 2),
        ("echo a > ;", ";", 2),
    ],
)
def test_what_is_not_simulated_fails_and_says_what_is(command: str, part: str, exit_code: int) -> None:
    run = run_command(command, VARIABLES)
    assert f"sandbox: not simulated: {part}" in text(run, "stderr")
    assert "It follows echo, printf, cat, seq" in text(run, "stderr")
    assert run.exit_code == exit_code


def test_a_command_line_that_cannot_be_read_whole_prints_nothing() -> None:
    assert text(run_command("echo first; echo $(date)", VARIABLES)) == ""


@pytest.mark.parametrize(
    ("command", "stderr"),
    [
        ("echo oops >&2", "oops\n"),
        ("printf oops 1>&2", "oops"),
        ("seq 2 >&2", "1\n2\n"),
        ("sh -c 'echo inner >&2'", "inner\n"),
        ("seq", "seq: invalid argument: the sandbox takes one to three whole numbers\n"),
        ("seq 1 x", "seq: invalid argument: the sandbox takes one to three whole numbers\n"),
        ("seq 1 0 5", "seq: invalid Zero increment value: '0'\n"),
        ("sleep", "sleep: invalid time interval: the sandbox takes one, such as 90, 1.5m or 2h\n"),
        ("sleep soon", "sleep: invalid time interval: the sandbox takes one, such as 90, 1.5m or 2h\n"),
    ],
)
def test_errors_go_to_stderr(command: str, stderr: str) -> None:
    run = run_command(command, VARIABLES)
    assert text(run, "stderr") == stderr
    assert text(run) == ""


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        ("exit 3", 3),
        ("exit 256", 0),
        ("exit x", 2),
        ("false; exit", 1),
        ("false", 1),
        ("true", 0),
        ("sh -c 'exit 7'", 7),
        ("sh -c 'exit 7'; true", 0),
        ("sh -c 'exit 7' && echo never", 7),
        ("echo a | false", 1),
        ("cat missing", 1),
        ("sleep x", 1),
    ],
)
def test_the_last_status_is_the_exit_code(command: str, exit_code: int) -> None:
    assert run_command(command, {}).exit_code == exit_code


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        ("sleep 5", 5),
        ("sleep 2m", 120),
        ("sleep 1.5h; sleep 1d", 91_800),
        ("sleep 1000000000", MAX_RUN_SECONDS),
        ("sleep infinity", MAX_RUN_SECONDS),
        ("echo x", 0),
    ],
)
def test_sleep_takes_simulated_time_up_to_a_bound(command: str, seconds: float) -> None:
    assert run_command(command, {}).duration_seconds == seconds


def test_output_knows_when_it_was_printed() -> None:
    run = run_command("echo a; sleep 10; echo b", {})
    assert [output.at_seconds for output in run.outputs] == [0, 10]


def test_a_long_sequence_is_not_written_out_and_is_bounded() -> None:
    run = run_command("seq 1 999999999", {})
    numbers = run.outputs[0].content
    assert isinstance(numbers, NumberRange)
    assert len(numbers.values) == MAX_NUMBERS
    assert numbers.tail(20).endswith("\n999999\n1000000\n")
    assert "stops after" in text(run, "stderr")
    assert text(run_command("seq 1000000 > f; cat f", {})).endswith("\n999999\n1000000\n")


@pytest.mark.parametrize(
    "command",
    [
        "true;" * 600,
        "sh -c '" + "true;" * 600 + "'",
        "echo $X; " * 100,
        "true " + "$X" * 200,
        "X=$X$X; " * 30,
        "seq 9 > f; " + "cat f f f f >> f; " * 200,
        "seq 9; " * 600,
        "seq 1000000 > f; " * 10,
    ],
)
def test_an_instance_that_does_too_much_is_stopped_and_says_so(command: str) -> None:
    run = run_command(f"{command} echo never", {"X": "x" * 2000})
    assert not text(run).endswith("never\n")
    assert text(run, "stderr") == "sandbox: stopped: one instance handles 262144 characters at most\n"
    assert run.exit_code == 1
    assert len(text(run)) <= MAX_WORK


def test_much_work_is_done() -> None:
    command = "true; " * 100 + "seq 9 > f; " + "cat f f > g; cat g g > f; " * 5 + "echo $X; " * 20 + "cat f"
    assert len(text(run_command(command, {"X": "x" * 2000}))) > 50_000


def test_shells_inside_shells_are_bounded() -> None:
    run = run_command("sh -c 'sh -c \"$X\"'", {"X": 'sh -c "$X"'})
    assert "too many shells" in text(run, "stderr")
    assert run.exit_code == 1


@settings(max_examples=4 * settings().max_examples)
@given(
    st.one_of(
        st.text(max_size=300),
        st.text(alphabet="echo sqat'\"$X{};&|>12<()`\\\n%-", max_size=120),
        st.lists(
            st.sampled_from(
                [
                    "echo",
                    "printf",
                    "seq",
                    "cat",
                    "sleep",
                    "sh -c",
                    "'",
                    '"',
                    ";",
                    "&&",
                    "|",
                    "X=",
                    "$X",
                    ">&2",
                    "> f",
                    ">> f",
                    "f",
                    "99999",
                    "%s",
                ]
            )
        ).map(" ".join),
    )
)
def test_any_text_is_followed_within_the_bounds(command: str) -> None:
    run = run_command(command, {"X": "${X} $X"})
    assert 0 <= run.exit_code <= 255
    assert 0 <= run.duration_seconds <= MAX_RUN_SECONDS
    assert sum(len(output.content) for output in run.outputs if isinstance(output.content, str)) <= MAX_WORK + 100


@pytest.mark.parametrize(
    ("command", "exit_code", "stream", "words"),
    [
        ("python3 calibrate.py --part 3", 0, "stdout", "parameters written"),
        ("sh -c 'INSTANCE_ID=2; python3 calibrate.py'", 1, "stderr", "ValueError: could not convert"),
        ("python3 ingest.py", 137, "stderr", "Killed"),
        ("python3 ingest.py --chunks", 0, "stdout", "chunk 8/8"),
        ("python3 train.py", 0, "stdout", "epoch 240/240"),
        ("python report.py", 0, "stdout", "report.csv"),
        ("sh -c 'INSTANCE_ID=../x; python3 calibrate.py'", 0, "stdout", "calibrate: part 0,"),
    ],
)
def test_some_programs_are_played(command: str, exit_code: int, stream: str, words: str) -> None:
    run = run_command(command, VARIABLES)
    assert run.exit_code == exit_code
    assert words in text(run, stream)


@pytest.mark.parametrize(
    ("profile", "words"), [("blender", "frame_0003.png"), ("openfoam", "End"), ("other", "sandbox: ")]
)
def test_a_profile_without_a_command_writes_a_few_plausible_lines(profile: str, words: str) -> None:
    run = run_profile(profile, VARIABLES)
    assert words in text(run)
    assert run.duration_seconds > 0

import pytest

from qarnot_mcp.tools.failures.signatures import SIGNATURES, Evidence, recognise

SEEN = [
    ("preempted", Evidence(errors="The instance was preempted")),
    ("preempted", Evidence(errors="the node was lost")),
    ("image not found", Evidence(errors="SANDBOX_IMAGE Instance 0: the image library/nope:1 was not found")),
    ("image not found", Evidence(errors="manifest for ubuntu:99 not found: manifest unknown")),
    ("image not found", Evidence(errors="pull access denied for me/x, denied: requested access to the resource")),
    ("image not found", Evidence(log="docker: pull access denied for me/x")),
    ("registry login", Evidence(errors="unauthorized: incorrect username or password")),
    ("registry login", Evidence(errors="Get https://ghcr.io/v2/: authentication required")),
    ("missing bucket", Evidence(errors="No such bucket: data")),
    ("missing bucket", Evidence(errors="The bucket data does not exist")),
    ("missing bucket", Evidence(log="An error occurred (NoSuchBucket) when calling")),
    ("quota", Evidence(errors="maximum number of instances reached")),
    ("quota", Evidence(errors="Storage quota exceeded")),
    ("quota", Evidence(log="write failed: Disk quota exceeded")),
    ("licence", Evidence(errors="No license available")),
    ("licence", Evidence(log="FlexNet Licensing error:-15,570")),
    ("licence", Evidence(log="ERROR: could not check out a starccm licence")),
    ("licence", Evidence(log="License server machine is down or not responding: cannot connect")),
    ("out of memory", Evidence(errors="Instance 3 was killed: out of memory (exit code 137)", exit_code=137)),
    ("out of memory", Evidence(exit_code=137)),
    ("out of memory", Evidence(log=" 0> Killed\n")),
    ("out of memory", Evidence(log="numpy.core._exceptions._ArrayMemoryError\nMemoryError: Unable to allocate")),
    ("out of memory", Evidence(log="terminate called after throwing an instance of 'std::bad_alloc'")),
    ("out of memory", Evidence(errors="Exited with code 1", exit_code=1, memory_part=0.99)),
    ("time limit", Evidence(errors="The instance reached its time limit")),
    ("time limit", Evidence(errors="wall time exceeded")),
    ("time limit", Evidence(exit_code=124)),
    ("time limit", Evidence(log="*** CANCELLED DUE TO TIME LIMIT ***")),
    ("no network", Evidence(log="curl: (6) Could not resolve host: example.org", profile="docker-batch")),
    ("no network", Evidence(log="Temporary failure resolving 'deb.debian.org'", profile="docker-nvidia-batch")),
    ("no network", Evidence(log="socket.gaierror: [Errno -2] Name or service not known", profile="docker-cluster")),
    ("missing sh -c", Evidence(errors="Exited with code 2", exit_code=2, command="echo a && ls")),
    ("missing sh -c", Evidence(log="&&: no such file", command="ls | sort")),
    ("command not found", Evidence(exit_code=127)),
    ("command not found", Evidence(errors='exec: "pyton": executable file not found in $PATH')),
    ("command not found", Evidence(log=" 0> sh: 1: pyton: not found")),
    ("command not found", Evidence(log="bash: line 1: pyton: command not found")),
]


@pytest.mark.parametrize(("name", "evidence"), SEEN)
def test_a_known_way_to_fail_is_recognised(name: str, evidence: Evidence) -> None:
    signature = recognise(evidence)
    assert signature is not None
    assert signature.name == name


def test_every_row_is_seen() -> None:
    assert {name for name, _ in SEEN} == {signature.name for signature in SIGNATURES}


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(),
        Evidence(errors="EMULATED Exited with code 2", exit_code=2, command="sh -c 'exit 2 && x'"),
        Evidence(log="Traceback (most recent call last):\nValueError: bad input", exit_code=1),
        Evidence(log="loading the image: done\nlicense: MIT\nunauthorized access to /x", exit_code=1),
        Evidence(log="Could not resolve host: example.org", profile="docker-network"),
        Evidence(log="the killed process count is 3", exit_code=1),
        Evidence(exit_code=1, memory_part=0.5),
        Evidence(command="echo a && ls"),
    ],
)
def test_what_is_not_known_gets_no_name(evidence: Evidence) -> None:
    assert recognise(evidence) is None


def test_hints_are_short_and_name_what_to_change() -> None:
    for signature in SIGNATURES:
        assert 40 < len(signature.hint) <= 300
        assert signature.hint.endswith(".")


def test_a_very_long_log_is_looked_at_from_its_end() -> None:
    assert recognise(Evidence(log="x" * 1_000_000 + "\nMemoryError")) is not None
    assert recognise(Evidence(log="MemoryError\n" + "x" * 1_000_000)) is None

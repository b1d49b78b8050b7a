"""`python -m qarnot_mcp.sandbox` as a program of its own."""

import socket
import subprocess
import sys

import httpx
import pytest

from qarnot_mcp.sandbox.__main__ import main


@pytest.fixture
def port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.mark.e2e
def test_the_program_serves_a_sandbox(port: int) -> None:
    arguments = ["--port", str(port), "--speed", "100", "--seed", "3"]
    command = [sys.executable, "-m", "qarnot_mcp.sandbox", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        try:
            assert program.stdout is not None
            assert f"http://127.0.0.1:{port}" in program.stdout.readline()
            transport = httpx.HTTPTransport(retries=5)
            with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}") as http:
                assert http.get("/sandbox/clock").json()["speed"] == 100
                assert len(http.get("/tasks", headers={"Authorization": "sandbox-key"}).json()) == 13
        finally:
            program.terminate()


@pytest.mark.parametrize("speed", ["0", "fast", "1e7", "nan"])
def test_a_speed_that_cannot_be_is_named(
    speed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sandbox", "--speed", speed])
    with pytest.raises(SystemExit):
        main()
    assert f"'{speed}' is no speed; 0.01 to 1,000,000 are possible" in capsys.readouterr().err

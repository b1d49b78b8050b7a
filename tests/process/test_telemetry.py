"""Traces: off unless the environment asks, and then without arguments, ids or keys.

A process has one tracer for good, so the tests start processes of their own.
"""

import os
import re
import subprocess
import sys

import pytest

from qarnot_mcp.process.telemetry import configure_tracing

TRACED_CALL = """
import asyncio, logging
from qarnot_mcp.process.telemetry import configure_tracing
logging.basicConfig(level="INFO")
configure_tracing()
from pydantic import SecretStr
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import NotFound
from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.sandbox.app import create_app

async def main():
    async with Transport("http://sandbox", "1", application=create_app()) as transport:
        client = QarnotClient(transport, SecretStr("sandbox-trace-key"))
        await client.profile_names()
        try:
            await client.task("no-such-task-id")
        except NotFound:
            pass

asyncio.run(main())
"""


def run(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = re.compile("QARNOT_|LOG_LEVEL|OTEL_|COVERAGE")
    environment = {name: value for name, value in os.environ.items() if not own.match(name)} | variables
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=50)


def test_nothing_is_traced_where_nothing_asks() -> None:
    ended = run(TRACED_CALL)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "traces" not in ended.stderr


def test_requests_to_the_api_are_spans_without_ids_and_keys() -> None:
    ended = run(TRACED_CALL, OTEL_TRACES_EXPORTER="console")
    assert ended.returncode == 0
    assert "traces are on (console)" in ended.stderr
    assert re.findall(r'^    "name": "(.*)"', ended.stdout, re.MULTILINE) == ["GET endpoint", "GET task"]
    assert '"http.response.status_code": 404' in ended.stdout
    assert '"description": "NotFound"' in ended.stdout
    assert "no-such-task-id" not in ended.stdout
    assert "sandbox-trace-key" not in ended.stdout


def test_a_missing_sdk_is_said() -> None:
    without = "import sys; sys.modules['opentelemetry.sdk.trace'] = None\n"
    ended = run(without + TRACED_CALL, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert ended.returncode == 0
    assert "install qarnot-mcp[otel]" in ended.stderr


def test_none_asks_for_no_traces(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    with caplog.at_level("INFO"):
        configure_tracing()
    assert not caplog.records

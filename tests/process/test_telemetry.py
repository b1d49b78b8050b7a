"""Traces: off unless the environment asks, and then without arguments, ids or keys.

A process has one tracer for good, so the tests start processes of their own.
"""

import re
import subprocess
from pathlib import Path

import fastmcp
import pytest
from fastmcp.telemetry import native_spans_enabled

from qarnot_mcp.process.telemetry import configure_tracing
from tests.support.processes import finish, forked

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
        await client.profiles.names()
        try:
            await client.tasks.get("no-such-task-id")
        except NotFound:
            pass

asyncio.run(main())
"""


def run(folder: Path, program: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return finish(folder, *forked(), "-c", program, **settings)


@pytest.mark.e2e
def test_nothing_is_traced_where_nothing_asks(tmp_path: Path) -> None:
    ended = run(tmp_path, TRACED_CALL)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "traces" not in ended.stderr


@pytest.mark.e2e
def test_requests_to_the_api_are_spans_without_ids_and_keys(tmp_path: Path) -> None:
    ended = run(tmp_path, TRACED_CALL, OTEL_TRACES_EXPORTER="console")
    assert ended.returncode == 0
    assert "traces are on (console)" in ended.stderr
    assert re.findall(r'^    "name": "(.*)"', ended.stdout, re.MULTILINE) == ["GET endpoint", "GET task"]
    assert '"http.response.status_code": 404' in ended.stdout
    assert '"description": "NotFound"' in ended.stdout
    assert "no-such-task-id" not in ended.stdout
    assert "sandbox-trace-key" not in ended.stdout


@pytest.mark.e2e
def test_a_missing_sdk_is_said(tmp_path: Path) -> None:
    without = "import sys; sys.modules['opentelemetry.sdk.trace'] = None\n"
    ended = run(tmp_path, without + TRACED_CALL, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert ended.returncode == 0
    assert "install qarnot-mcp[otel]" in ended.stderr


def test_none_asks_for_no_traces(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setattr(fastmcp.settings, "telemetry_mode", "native")
    with caplog.at_level("INFO"):
        configure_tracing()
    assert not caplog.records
    assert not native_spans_enabled()

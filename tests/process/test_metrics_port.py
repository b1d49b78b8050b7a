"""The metrics as Prometheus reads them from a running server, and what is drawn from them."""

import json
import re
import socket
from pathlib import Path

import httpx
import pytest
from fastmcp import Client
from prometheus_client.parser import text_string_to_metric_families

from qarnot_mcp.metrics.prometheus import PrometheusRecorder
from qarnot_mcp.metrics.recorder import status_label
from tests.support.ports import free_port
from tests.support.processes import ROOT, finish, forked, server_process
from tests.support.running_server import call, refusal

Labels = tuple[tuple[str, str], ...]


async def read(port: int) -> dict[tuple[str, Labels], float]:
    async with httpx.AsyncClient() as http:
        page = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


@pytest.mark.e2e
async def test_calls_are_counted_by_tool_and_outcome_on_a_port_of_their_own() -> None:
    port = free_port()
    settings = {"QARNOT_MCP_METRICS": "true", "QARNOT_MCP_METRICS_PORT": str(port)}
    async with server_process("--sandbox", **settings) as server:
        async with Client(server.url) as client:
            await call(client, "list_profiles")
            await call(client, "list_profiles")
            await refusal(client, "get_task", task_uuid="unheard-of")
            for name in ("made_up_1", "made_up_2"):
                await refusal(client, name)
        seen = await read(port)
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{server.origin}/metrics")).status_code == 404
    assert seen["qarnot_mcp_calls_total", (("outcome", "ok"), ("tool", "list_profiles"))] == 2
    assert seen["qarnot_mcp_calls_total", (("outcome", "NotFound"), ("tool", "get_task"))] == 1
    assert seen["qarnot_mcp_calls_total", (("outcome", "unknown tool"), ("tool", "(unknown)"))] == 2
    assert seen["qarnot_mcp_call_seconds_count", (("tool", "list_profiles"),)] == 2
    assert seen["qarnot_mcp_api_responses_total", (("method", "GET"), ("status", "404"))] >= 1
    assert seen["qarnot_mcp_api_received_bytes_total", ()] > 0
    assert seen["qarnot_mcp_calls_in_flight", ()] == 0
    assert "made_up" not in str(seen)


@pytest.mark.e2e
def test_a_taken_port_of_the_metrics_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        settings = {"QARNOT_MCP_METRICS": "true", "QARNOT_MCP_METRICS_PORT": taken, "QARNOT_MCP_PORT": str(free_port())}
        settings["QARNOT_MCP_HOST"] = "127.0.0.1"
        ended = finish(tmp_path, *forked(), "--sandbox", **settings)
    assert ended.returncode == 2
    assert f"Metrics cannot be served on 127.0.0.1 port {taken}" in ended.stderr
    assert "QARNOT_MCP_METRICS_PORT" in ended.stderr


def test_a_status_of_a_stranger_makes_no_new_label() -> None:
    assert {status_label(status) for status in range(1000)} <= {
        *map(str, (200, 201, 202, 204, 400, 401, 402, 403, 404, 409, 429, 500, 502, 503, 504)),
        *("1xx", "2xx", "3xx", "4xx", "5xx", "other"),
    }


@pytest.mark.parametrize("file", ["grafana/dashboard.json", "prometheus/alerts.yaml"])
def test_dashboard_and_alerts_use_only_metrics_that_there_are(file: str) -> None:
    text = (ROOT / "deploy" / file).read_text()
    if file.endswith(".json"):
        json.loads(text)
    known = {family.name for family in PrometheusRecorder().registry.collect()}
    used = set(re.findall(r"\bqarnot_mcp_\w+", text))
    assert used
    assert {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in used} <= known

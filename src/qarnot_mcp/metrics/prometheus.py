"""The recorder that counts for Prometheus."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from qarnot_mcp import __version__
from qarnot_mcp.metrics.recorder import Metric, Recorder

# Up to the 45 seconds that a call may wait for a task.
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60)
METRICS: Mapping[Metric, tuple[type[Counter | Gauge | Histogram], str, tuple[str, ...]]] = {
    "calls_in_flight": (Gauge, "Calls of tools being served.", ()),
    "calls": (Counter, "Calls of tools.", ("tool", "outcome")),
    "call_seconds": (Histogram, "Time of a call of a tool, waiting included.", ("tool",)),
    "api_calls_waiting": (Gauge, "Calls to the API that wait for a place in flight.", ()),
    "api_responses": (Counter, "Responses of the API.", ("method", "status")),
    "api_retries": (Counter, "Calls to the API made again.", ()),
    "api_received_bytes": (Counter, "Bytes from the API, unpacked.", ()),
    "submits_found": (Counter, "Tasks found whose submit had lost its response.", ()),
    "sign_ins": (Counter, "Sign-ins.", ("outcome",)),
}


class PrometheusRecorder(Recorder):
    """Counts in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        Info("qarnot_mcp", "The running server.", registry=self.registry).info({"version": __version__})
        self._metrics: dict[Metric, Counter | Gauge | Histogram] = {}
        for name, (kind, about, labels) in METRICS.items():
            more: dict[str, Any] = {"buckets": DURATION_BUCKETS} if kind is Histogram else {}
            self._metrics[name] = kind(f"qarnot_mcp_{name}", about, labels, registry=self.registry, **more)

    def add(self, metric: Metric, *labels: str, amount: float = 1) -> None:
        """Count, or observe one more time."""
        counted = self._metrics[metric]
        counted = counted.labels(*labels) if labels else counted
        if isinstance(counted, Histogram):
            counted.observe(amount)
        else:
            counted.inc(amount)

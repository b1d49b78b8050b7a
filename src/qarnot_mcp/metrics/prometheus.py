"""The recorder that counts for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from qarnot_mcp import __version__
from qarnot_mcp.metrics.recorder import Recorder, status_label

# Up to the 45 seconds that a call may wait for a task.
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60)


class PrometheusRecorder(Recorder):
    """Counts in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        Info("qarnot_mcp", "The running server.", registry=registry).info({"version": __version__})
        self._in_flight = Gauge("qarnot_mcp_calls_in_flight", "Calls of tools being served.", registry=registry)
        self._calls = Counter("qarnot_mcp_calls", "Calls of tools.", ("tool", "outcome"), registry=registry)
        self._seconds = Histogram(
            "qarnot_mcp_call_seconds",
            "Time of a call of a tool, waiting included.",
            ("tool",),
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self._waiting = Gauge(
            "qarnot_mcp_api_calls_waiting", "Calls to the API that wait for a place in flight.", registry=registry
        )
        self._responses = Counter(
            "qarnot_mcp_api_responses", "Responses of the API.", ("method", "status"), registry=registry
        )
        self._retries = Counter("qarnot_mcp_api_retries", "Calls to the API made again.", registry=registry)
        self._bytes = Counter("qarnot_mcp_api_received_bytes", "Bytes from the API, unpacked.", registry=registry)
        self._found = Counter(
            "qarnot_mcp_submits_found", "Tasks found whose submit had lost its response.", registry=registry
        )
        self._sign_ins = Counter("qarnot_mcp_sign_ins", "Sign-ins.", ("outcome",), registry=registry)

    def call_started(self) -> None:
        """Count a call in flight."""
        self._in_flight.inc()

    def call_ended(self, tool: str, outcome: str, seconds: float) -> None:
        """Count a call with its outcome and its time."""
        self._in_flight.dec()
        self._calls.labels(tool, outcome).inc()
        self._seconds.labels(tool).observe(seconds)

    def api_waiting(self, change: int) -> None:
        """Count those that wait."""
        self._waiting.inc(change)

    def api_response(self, method: str, status: int) -> None:
        """Count a response."""
        self._responses.labels(method, status_label(status)).inc()

    def api_retry(self) -> None:
        """Count a retry."""
        self._retries.inc()

    def api_bytes(self, count: int) -> None:
        """Count bytes."""
        self._bytes.inc(count)

    def submit_found(self) -> None:
        """Count a task that was found."""
        self._found.inc()

    def sign_in(self, outcome: str) -> None:
        """Count a sign-in."""
        self._sign_ins.labels(outcome).inc()

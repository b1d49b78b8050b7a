"""What the server tells of its work: traces where the OTEL_* variables ask for them, and metrics for Prometheus."""

import logging
import os

import fastmcp
from opentelemetry import trace

from qarnot_mcp import __version__
from qarnot_mcp.metrics.recorder import install
from qarnot_mcp.settings.fields import SettingsError
from qarnot_mcp.settings.model import Settings

log = logging.getLogger("qarnot_mcp")

ASKING_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")


def configure_tracing() -> None:
    """Export spans, FastMCP's of each call and ours of the API, to where the environment says, if it says so.

    Spans carry names, outcomes and times, never arguments or keys. Needs the extra `qarnot-mcp[otel]`.
    """
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "otlp")
    if exporter == "none" or not any(os.environ.get(name) for name in ASKING_VARIABLES):
        # Spans that go nowhere cost a twentieth of a call; a program that runs this one may have set a provider.
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            fastmcp.settings.telemetry_mode = "propagation_only"
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    except ImportError:
        log.warning("OTEL_* variables ask for traces, but the SDK is missing: install qarnot-mcp[otel].")
        return
    about = {SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME", "qarnot-mcp"), SERVICE_VERSION: __version__}
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(
        BatchSpanProcessor(ConsoleSpanExporter() if exporter == "console" else OTLPSpanExporter())
    )
    trace.set_tracer_provider(provider)
    log.info("traces are on (%s)", exporter)


def serve_metrics(settings: Settings) -> None:
    """Count from now on and serve `/metrics` in a thread, on a port of its own, where `QARNOT_MCP_METRICS` asks for it.

    Raises `SettingsError` where the extra `qarnot-mcp[metrics]` is missing or the port cannot be listened on.
    """
    if not settings.metrics:
        return
    try:
        from prometheus_client import start_http_server

        from qarnot_mcp.metrics.prometheus import PrometheusRecorder
    except ImportError:
        raise SettingsError("QARNOT_MCP_METRICS needs prometheus-client: install qarnot-mcp[metrics].") from None
    recorder = PrometheusRecorder()
    try:
        start_http_server(settings.metrics_port, addr=settings.host, registry=recorder.registry)
    except OSError as error:
        raise SettingsError(
            f"Metrics cannot be served on {settings.host} port {settings.metrics_port}: {error.strerror}. "
            "Stop what uses it, or choose another with QARNOT_MCP_METRICS_PORT."
        ) from None
    install(recorder)
    log.info("Metrics for Prometheus: port %d, /metrics", settings.metrics_port)

"""Traces, if the standard OTEL_* variables ask for them: FastMCP's spans of each call and ours of the API."""

import logging
import os

import fastmcp
from opentelemetry import trace

from qarnot_mcp import __version__

log = logging.getLogger("qarnot_mcp")

ASKING_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")


def configure_tracing() -> None:
    """Export spans to where the environment says; make none if it says nothing.

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

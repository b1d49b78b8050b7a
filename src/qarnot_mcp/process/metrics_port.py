"""The port on which Prometheus reads what the server counts; another than that of the clients, and never public."""

import logging

from qarnot_mcp.metrics.recorder import install
from qarnot_mcp.settings.fields import SettingsError
from qarnot_mcp.settings.model import Settings

log = logging.getLogger("qarnot_mcp")


def serve_metrics(settings: Settings) -> None:
    """Count from now on and serve `/metrics` in a thread, where `QARNOT_MCP_METRICS` asks for it.

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

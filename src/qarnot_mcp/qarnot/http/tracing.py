"""A span around each request to the API; without an OpenTelemetry SDK it costs next to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode

from qarnot_mcp.qarnot.errors import QarnotError


@contextmanager
def traced(method: str, kind: str) -> Iterator[Span]:
    """Open a span named after the method and the kind of thing asked for; ids and keys are no part of it.

    It is not made the current span: a log is read by a generator, which may end in another context than it began in.
    """
    span = _tracer().start_span(f"{method} {kind}", kind=SpanKind.CLIENT, attributes={"http.request.method": method})
    try:
        yield span
    except QarnotError as error:
        span.set_status(StatusCode.ERROR, type(error).__name__)
        raise
    finally:
        span.end()


@cache
def _tracer() -> trace.Tracer:
    return trace.get_tracer("qarnot_mcp")

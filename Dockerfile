ARG PYTHON_IMAGE=python:3.13-slim
ARG UV_IMAGE=ghcr.io/astral-sh/uv:latest

FROM ${UV_IMAGE} AS uv

FROM ${PYTHON_IMAGE} AS build
# Add --extra otel for traces.
ARG EXTRAS="--extra redis --extra metrics --extra storage"
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1
WORKDIR /app
# Dependencies first: they change less often than the code, so their layer is kept.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev ${EXTRAS} --no-install-project
COPY README.md LICENSE ./
COPY src ./src
# What only builds and editors read: sources of compiled modules, and types.
RUN uv sync --locked --no-dev ${EXTRAS} --no-editable \
    && find .venv \( -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.pyi' \) -delete

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Qarnot MCP server" \
      org.opencontainers.image.description="Run and follow Qarnot computations from a conversation with a language model" \
      org.opencontainers.image.source="https://github.com/qarnot/qarnot-mcp" \
      org.opencontainers.image.documentation="https://github.com/qarnot/qarnot-mcp#readme" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      io.modelcontextprotocol.server.name="io.github.qarnot/qarnot-mcp"
# As /tmp: platforms run images with a random user id, and the generated secret is readable by its owner alone.
RUN useradd --system --uid 10001 --gid 0 --create-home --home-dir /var/lib/qarnot-mcp --shell /usr/sbin/nologin qarnot \
    && chmod 1777 /var/lib/qarnot-mcp
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH \
    HOME=/var/lib/qarnot-mcp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    QARNOT_MCP_HOST=0.0.0.0 \
    QARNOT_MCP_SECRET_FILE=/var/lib/qarnot-mcp/secret
WORKDIR /var/lib/qarnot-mcp
VOLUME /var/lib/qarnot-mcp
USER 10001:0
EXPOSE 8000 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=40s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/health' % os.environ.get('QARNOT_MCP_PORT', 8000), timeout=4)"]
ENTRYPOINT ["qarnot-mcp"]

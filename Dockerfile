ARG PYTHON_IMAGE=python:3.13-slim
ARG UV_IMAGE=ghcr.io/astral-sh/uv:0.13.9

FROM ${UV_IMAGE} AS uv

FROM ${PYTHON_IMAGE} AS build
# Add --extra otel for traces.
ARG EXTRAS="--extra redis --extra metrics --extra storage"
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=0 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1
WORKDIR /app
# For strip: the compiled modules come with symbols that only a debugger reads, 12 MB of them in uvloop.
RUN apt-get update -qq && apt-get install -qq --yes --no-install-recommends binutils >/dev/null
# Dependencies first: they change less often than the code, so their layer is kept.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev ${EXTRAS} --no-install-project
COPY README.md LICENSE ./
COPY src ./src
# Then without what only builds, editors and debuggers read, and with bytecode of what the server loads alone: half of
# what is installed are command lines and formats of the libraries that it never does, and services beside S3.
RUN uv sync --locked --no-dev ${EXTRAS} --no-editable \
    && find .venv \( -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.pyi' \) -delete \
    && find .venv -type d \( -name tests -o -name test \) -prune -exec rm -r {} + \
    && find .venv -path '*/botocore/data/*' -prune -type d ! -name s3 -exec rm -r {} + \
    && find .venv -name '*.so' -exec strip --strip-unneeded {} + \
    && .venv/bin/python -c "import pkgutil, importlib, qarnot_mcp; \
         [importlib.import_module(m.name) for m in pkgutil.walk_packages(qarnot_mcp.__path__, 'qarnot_mcp.') \
          if not m.name.endswith('__main__')]; \
         import re2, uvloop, aiobotocore.session, botocore.handlers, httptools, prometheus_client, key_value.aio.stores.redis, uvicorn.protocols.http.httptools_impl"

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

"""Every setting of the server: its variable, its default and what it means."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, SecretStr

from qarnot_mcp.settings import fields
from qarnot_mcp.settings.fields import setting

PREFIX = "QARNOT_MCP_"


class Settings(BaseModel):
    """All settings; `load_settings` reads them."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, hide_input_in_errors=True)

    api_key: SecretStr | None = setting(
        None,
        "The Qarnot API key used for callers that bring none of their own (mode `key` only).",
        variables=("QARNOT_API_KEY", "QARNOT_CLIENT_TOKEN"),
        secret=True,
        valid="the key from https://tasq.qarnot.com/settings/access-token",
    )
    base_url: fields.WebAddress = setting(
        "https://api.qarnot.com", "Address of the Qarnot API.", variables=("QARNOT_BASE_URL", "QARNOT_CLUSTER_URL")
    )
    api_version: str = setting(
        "1",
        "Version of the Qarnot API: calls go to `{base}/v{version}`.",
        variables=("QARNOT_API_VERSION",),
        pattern=r"^[0-9]{1,3}(\.[0-9]{1,3})?$",
        valid="a number such as 1",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], fields.LogLevel] = setting(
        "INFO", "How much the server logs.", variables=("LOG_LEVEL",)
    )

    host: str = setting(
        "localhost",
        "Address to listen on; `localhost` means IPv4 and IPv6, the image sets `0.0.0.0`.",
        pattern=r"^[A-Za-z0-9.:_-]+$",
        valid="an IP address or host name",
    )
    port: int = setting(
        8000, "Port to listen on; where it is not set, that of `PORT`, as platforms give it.", ge=1, le=65535
    )
    path: fields.EndpointPath = setting("/mcp", "Path of the MCP endpoint.")
    allowed_hosts: fields.HostNames = setting(
        [], "Further host names under which clients reach the server (localhost always works)."
    )
    allowed_origins: fields.Origins = setting([], "Further web origins whose pages may call the server.")
    json_responses: bool = setting(
        False, "Answer with JSON, never with an event stream: for clients that cannot read one; no progress is told."
    )
    read_only: bool = setting(False, "Offer only tools that read, and refuse every call that writes.")
    toolsets: fields.ToolsetNames = setting(
        "default", "Tool sets shown to connections that ask for none; the eight tools of `default` are always shown."
    )
    toolsets_offered: fields.ToolsetNames = setting(
        "all",
        "Tool sets that a connection may ask for (`?toolsets=` in the address), beside those of `QARNOT_MCP_TOOLSETS`.",
    )
    max_instances: int | None = setting(None, "The most instances that one submit may start.", ge=1, le=1_000_000)
    max_wall_time: fields.WallTime | None = setting(
        None,
        "The most time that a submit may name as `max_wall_time`, and what one gets that names none; a job of its own "
        "keeps the task to it.",
    )
    max_credits_per_day: float | None = setting(
        None,
        "Euros that tasks and pools created in the last 24 hours may have used before a submit is refused; what runs "
        "goes on.",
        gt=0,
        le=1_000_000,
    )
    metrics: bool = setting(False, "Serve `/metrics` for Prometheus, on a port of its own.")
    metrics_port: int = setting(9464, "Port of the metrics.", ge=1, le=65535)
    log_format: Annotated[Literal["text", "json"], fields.LowerCase] = setting("text", "Form of the log lines.")

    auth: Annotated[Literal["auto", "key", "oauth"], fields.LowerCase] = setting(
        "auto",
        "Whose key a call uses: `key` (the request's header, else `QARNOT_API_KEY`), `oauth` (people sign in), "
        "`auto` (`oauth` if the server has a public address, else `key`).",
    )
    public_url: fields.WebAddress | None = setting(
        None, "Public https address of the server, without the path of the endpoint."
    )
    tunnel_metrics_url: fields.WebAddress | None = setting(
        None,
        "Metrics address of a cloudflared beside the server, from which the public address is read at the start.",
        valid="an address such as http://cloudflared:2000",
    )
    secret_key: fields.Secrets = setting(
        [],
        "Secrets that seal the tokens of mode `oauth` and links to the files page: the first seals, all of them "
        "open (rotation). Where none is set one is made and kept in `QARNOT_MCP_SECRET_FILE` (mode `oauth`).",
        secret=True,
    )
    secret_file: Path = setting(
        Path(".qarnot-mcp-secret"), "File (mode 600) that keeps the generated secret.", valid="a path of a file"
    )
    store_url: SecretStr | None = setting(
        None,
        "Redis that replicas share for used codes and ended sessions; in memory where none is set.",
        secret=True,
        valid="an address such as redis://redis:6379/0",
    )
    allowed_redirects: fields.Callbacks = setting(
        [], "Further OAuth callbacks, beside the person's own machine, Claude, ChatGPT, VS Code and Cursor."
    )

    connect_timeout_seconds: fields.Seconds = setting(5.0, "Longest wait for a connection to the API.")
    read_timeout_seconds: fields.Seconds = setting(30.0, "Longest silence of the API within a response.")
    call_timeout_seconds: fields.Seconds = setting(45.0, "Longest time of one call to the API, retries included.")
    max_wait_seconds: float = setting(
        45.0, "Longest wait of one `get_task`; less for a gateway that cuts sooner, such as one at 29 s.", ge=0, le=45
    )
    retry_seconds: float = setting(
        20.0, "Time within which a failed read, abort or delete is tried again; 0 for no retries.", ge=0, le=3600
    )
    max_log_bytes: int = setting(256 * 1024 * 1024, "How much of a log is read at most.", ge=65536, le=1 << 34)
    max_calls_in_flight: int = setting(64, "Calls to the API at the same time; further ones wait.", ge=1, le=10000)
    shutdown_seconds: int = setting(30, "How long calls in flight may go on after SIGTERM.", ge=1, le=600)


def variables_of(name: str) -> tuple[str, ...]:
    """Return the environment variables of a setting, the preferred one first."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (PREFIX + name.upper(),)

"""Every setting of the server: its variable, its default, what it means and which values are valid."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "QARNOT_MCP_"


class SettingsError(Exception):
    """A setting that cannot be used; the text is one line that names the variable, the value and what is valid."""


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a web address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("a web address with more than scheme, host, port and path")
    _ = parts.port  # urllib checks the port only when it is read
    return value.rstrip("/")


def _path(value: str) -> str:
    path = value.rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", path) or path in ("/health", "/ready"):
        raise ValueError("not a path")
    return path


def _secret_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError("too short")
    return value


def _host_name(value: str) -> str:
    if "/" in value:
        raise ValueError("an address, not a host name")
    return value


def _origin(value: str) -> str:
    origin = value.rstrip("/")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s]+", origin):
        raise ValueError("not an origin")
    return origin


def _callback(value: str) -> str:
    if "://" not in value:
        raise ValueError("not an address")
    return value


HostNames = Annotated[list[Annotated[str, AfterValidator(_host_name)]], NoDecode, BeforeValidator(_split)]
Origins = Annotated[list[Annotated[str, AfterValidator(_origin)]], NoDecode, BeforeValidator(_split)]
Callbacks = Annotated[list[Annotated[str, AfterValidator(_callback)]], NoDecode, BeforeValidator(_split)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Seconds = Annotated[float, Field(gt=0, le=3600)]

WEB_ADDRESS = "an address such as https://api.qarnot.com, without user, query or fragment"
SECONDS = "a number of seconds above 0, at most 3600"
HOSTS = "host names separated by commas, * as a wildcard, such as mcp.example.org,*.trycloudflare.com"


def _setting(
    default: object, meaning: str, valid: str, *, also: tuple[str, ...] = (), hidden: bool = False, **rules: Any
) -> Any:
    extra: dict[str, Any] = {"valid": valid, "hidden": hidden}
    if also:
        rules["validation_alias"] = AliasChoices(*also)
    return Field(default, description=meaning, json_schema_extra=extra, **rules)


class Settings(BaseSettings):
    """What the environment and `.env` say; build it with `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    api_key: SecretStr | None = _setting(
        None,
        "The Qarnot API key used for callers that bring none of their own (mode `key` only).",
        "the key from https://tasq.qarnot.com/settings/access-token",
        also=("QARNOT_API_KEY", "QARNOT_CLIENT_TOKEN"),
        hidden=True,
    )
    base_url: WebAddress = _setting(
        "https://api.qarnot.com",
        "Address of the Qarnot API.",
        WEB_ADDRESS,
        also=("QARNOT_BASE_URL", "QARNOT_CLUSTER_URL"),
    )
    api_version: str = _setting(
        "1",
        "Version of the Qarnot API: calls go to `{base}/v{version}`.",
        "a number such as 1",
        also=("QARNOT_API_VERSION",),
        pattern=r"^[0-9]{1,3}(\.[0-9]{1,3})?$",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)] = _setting(
        "INFO", "How much the server logs.", "DEBUG, INFO, WARNING, ERROR or CRITICAL", also=("LOG_LEVEL",)
    )

    host: str = _setting(
        "127.0.0.1",
        "Address to listen on; the image sets `0.0.0.0`.",
        "an IP address or host name",
        pattern=r"^[A-Za-z0-9.:_-]+$",
    )
    port: int = _setting(8000, "Port to listen on.", "a whole number from 1 to 65535", ge=1, le=65535)
    path: Annotated[str, AfterValidator(_path)] = _setting(
        "/mcp", "Path of the MCP endpoint.", "a path such as /mcp, other than /health and /ready"
    )
    allowed_hosts: HostNames = _setting(
        [], "Further host names under which clients reach the server (localhost always works).", HOSTS
    )
    allowed_origins: Origins = _setting(
        [],
        "Further web origins whose pages may call the server.",
        "origins separated by commas, such as https://inspector.example.org",
    )
    read_only: bool = _setting(
        False, "Offer only the five tools that read, and refuse every call that writes.", "true or false"
    )
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_lower)] = _setting(
        "text", "Form of the log lines.", "text or json"
    )

    auth: Annotated[Literal["auto", "key", "oauth"], BeforeValidator(_lower)] = _setting(
        "auto",
        "Whose key a call uses: `key` (the request's header, else `QARNOT_API_KEY`), `oauth` (people sign in), "
        "`auto` (`key` where `QARNOT_API_KEY` is set, else `oauth` where a public address is known, else `key`).",
        "auto, key or oauth",
    )
    public_url: WebAddress | None = _setting(
        None, "Public https address of the server, without the path of the endpoint.", WEB_ADDRESS
    )
    tunnel_metrics_url: WebAddress | None = _setting(
        None,
        "Metrics address of a cloudflared beside the server, from which the public address is read at the start.",
        "an address such as http://cloudflared:2000",
    )
    secret_key: Annotated[
        list[Annotated[SecretStr, AfterValidator(_secret_key)]], NoDecode, BeforeValidator(_split)
    ] = _setting(
        [],
        "Secrets that seal the tokens of mode `oauth`: the first seals, all of them open (rotation). "
        "Where none is set one is made and kept in `QARNOT_MCP_SECRET_FILE`.",
        "one or more random texts of at least 32 characters, separated by commas",
        hidden=True,
    )
    secret_file: Path = _setting(
        Path(".qarnot-mcp-secret"), "File (mode 600) that keeps the generated secret.", "a path of a file"
    )
    store_url: SecretStr | None = _setting(
        None,
        "Redis that replicas share for used codes and ended sessions; in memory where none is set.",
        "an address such as redis://redis:6379/0",
        hidden=True,
    )
    allowed_redirects: Callbacks = _setting(
        [],
        "Further OAuth callback addresses, beside those of Claude and the MCP Inspector.",
        "https addresses separated by commas",
    )

    connect_timeout_seconds: Seconds = _setting(5.0, "Longest wait for a connection to the API.", SECONDS)
    read_timeout_seconds: Seconds = _setting(30.0, "Longest silence of the API within an answer.", SECONDS)
    call_timeout_seconds: Seconds = _setting(45.0, "Longest time of one call to the API, retries included.", SECONDS)
    retry_seconds: Annotated[float, Field(ge=0, le=3600)] = _setting(
        20.0,
        "Time within which a failed read, abort or delete is tried again.",
        "a number of seconds, 0 for no retries",
    )
    max_log_bytes: int = _setting(
        256 * 1024 * 1024,
        "How much of a log is read at most.",
        "a number of bytes from 65536 to 17179869184",
        ge=65536,
        le=1 << 34,
    )
    max_calls_in_flight: int = _setting(
        64,
        "Calls to the API at the same time; further ones wait.",
        "a whole number from 1 to 10000",
        ge=1,
        le=10000,
    )
    shutdown_seconds: int = _setting(
        30, "How long calls in flight may go on after SIGTERM.", "a whole number from 1 to 600", ge=1, le=600
    )


def variables_of(field: str) -> tuple[str, ...]:
    """Answers the environment variables that set a field, the preferred one first."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (PREFIX + field.upper(),)


def load_settings(env_file: Path | None = Path(".env"), **given: object) -> Settings:
    """Reads the settings from the environment and, behind it, `env_file`.

    `given` (from the command line) comes before both. Raises `SettingsError` for a wrong value and for an unknown
    name that starts with `QARNOT_MCP_`.
    """
    from_file = {k: v for k, v in dotenv_values(env_file).items() if v is not None} if env_file else {}
    _refuse_unknown({**from_file, **os.environ})
    try:
        return Settings(_env_file=env_file, **given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise SettingsError(_explain(first["loc"], {**from_file, **os.environ}, given)) from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = [name for field in Settings.model_fields for name in variables_of(field)]
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            nearest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.0)
            raise SettingsError(f"{name} is not a setting of this server; the nearest one is {nearest[0]}.")


def _explain(location: tuple[int | str, ...], environment: Mapping[str, str], given: Mapping[str, object]) -> str:
    """Makes the one line for a wrong value; `location` is pydantic's."""
    where = str(location[0])
    field = next(name for name in Settings.model_fields if where.upper() in (name.upper(), *variables_of(name)))
    extra = _extra(Settings.model_fields[field])
    upper = {name.upper(): (name, value) for name, value in environment.items()}
    if field in given:
        name, value = f"--{field.replace('_', '-')}", str(given[field])
    else:
        name, value = next(upper[variable] for variable in variables_of(field) if variable in upper)
    shown = "(hidden)" if extra["hidden"] else repr(value[:80])
    return f"{name} is {shown}, which is not valid: give {extra['valid']}."


def _extra(field: FieldInfo) -> dict[str, object]:
    assert isinstance(field.json_schema_extra, dict)  # noqa: S101 - every field is made by _setting
    return dict(field.json_schema_extra)


def settings_table() -> str:
    """Answers the Markdown table of all settings, as the README shows it."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        first, *others = variables_of(name)
        alias = f" (or `{'`, `'.join(others)}`)" if others else ""
        rows.append(
            f"| `{first}`{alias} | {_default(field.default)} | {field.description} Valid: {_extra(field)['valid']}. |"
        )
    return "\n".join(rows)


def _default(value: object) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"

"""From the command line, the environment and `.env` to settings, or to one line that says what is wrong."""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from dotenv import dotenv_values
from pydantic import ValidationError

from qarnot_mcp.settings.fields import SettingsError, valid_values
from qarnot_mcp.settings.model import PREFIX, Settings, variables_of

SHOWN_CHARACTERS = 80
OWN_PREFIXES = ("QARNOT", "LOG_LEVEL")
ENV_FILE = Path(".env")
_SERVICE = re.compile(rf"{PREFIX}(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


class Source(NamedTuple):
    """Where a value was found: a variable or an option of the command line."""

    name: str
    value: str


def load_settings(env_file: Path | None = ENV_FILE, **options: str) -> Settings:
    """Read the settings: `options` (of the command line) before the environment, and that before `env_file`.

    A blank value counts as not set. Raises `SettingsError` for a wrong value, for an unknown name that starts with
    `QARNOT_MCP_`, and for a file that cannot be read.
    """
    in_file = _read(env_file) if env_file else {}
    _refuse_unknown({*in_file, *(name for name, value in os.environ.items() if not _injected(name, value))})
    given = {name: Source(f"--{name.replace('_', '-')}", value) for name, value in options.items()}
    in_environment = _find({name: _unquoted(value) for name, value in os.environ.items() if not _injected(name, value)})
    given = {**_platform_port(), **_find(in_file), **in_environment, **given}
    try:
        return Settings.model_validate({name: source.value for name, source in given.items() if source.value.strip()})
    except ValidationError as error:
        place = str(error.errors(include_url=False, include_context=False)[0]["loc"][0])
        raise SettingsError(_explain(place, given)) from None


def env_file_note(env_file: Path = ENV_FILE) -> str:
    """Return which file settings were read from beside the environment, for whoever wonders why one does not hold."""
    place = env_file.resolve()
    return (
        f"settings from the environment and {place}"
        if place.is_file()
        else f"settings from the environment; no {place}"
    )


def _injected(name: str, value: str) -> bool:
    """Return whether Kubernetes made a variable, for a service that is called qarnot-mcp."""
    return _SERVICE.fullmatch(name) is not None or (
        name == f"{PREFIX}PORT" and _SERVICE_ADDRESS.match(value) is not None
    )


def _platform_port() -> dict[str, Source]:
    """Return the port that a platform such as Cloud Run or Heroku gives in `PORT`."""
    port = os.environ.get("PORT", "").strip()
    return {"port": Source("PORT", port)} if port and not _SERVICE_ADDRESS.match(port) else {}


def _unquoted(value: str) -> str:
    """Return a value without blanks around it and without the quotes that `docker run --env-file` keeps."""
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if is_quoted else value


def _read(file: Path) -> dict[str, str]:
    """Return the variables of a file; what they hold is taken as it is, `${...}` too. Without a file there are none."""
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise SettingsError(f"{file} is no plain file, and reading it could wait forever: replace it by one.")
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror}): make it readable, or remove it.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not a text in UTF-8: save it in that encoding.") from None
    values = dotenv_values(stream=StringIO(text), interpolate=False)
    for name, value in values.items():
        if value is None and name.upper().startswith(OWN_PREFIXES):
            raise SettingsError(f"{name} has no value in {file}: write {name}=... or remove the line.")
    return {name: value for name, value in values.items() if value is not None}


def _find(variables: Mapping[str, str]) -> dict[str, Source]:
    """Return the settings that these variables set, each by the variable that comes first."""
    upper = {name.upper(): Source(name, value) for name, value in variables.items() if value.strip()}
    found = {name: [upper[key] for key in variables_of(name) if key in upper] for name in Settings.model_fields}
    return {name: sources[0] for name, sources in found.items() if sources}


def _refuse_unknown(names: Iterable[str]) -> None:
    known = [variable for name in Settings.model_fields for variable in variables_of(name)]
    for name in sorted(names):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            closest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.0)
            raise SettingsError(f"{name} is not a setting of this server; the nearest one is {closest[0]}.")


def _explain(place: str, sources: Mapping[str, Source]) -> str:
    """Return the one line for a wrong value; `place` is what pydantic calls the setting."""
    name = next(name for name in Settings.model_fields if place.upper() in (name.upper(), *variables_of(name)))
    field, source = Settings.model_fields[name], sources[name]
    # An address may hold a password, or a key as its query.
    value = re.sub(r"\?.*", "?...", re.sub(r"^(\w+://)?.*@", r"\1...@", source.value, flags=re.S), flags=re.S)
    shown = repr(value[:SHOWN_CHARACTERS]) if field.repr else "(hidden)"
    return f"{source.name} is {shown}, which is not valid: give {valid_values(name, field)}."

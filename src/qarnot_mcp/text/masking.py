"""Which values are secret, and how they are hidden in constants, in whole answers and in log text."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import quote

from qarnot_mcp.text.cleaning import clean_text

HIDDEN = "[hidden]"
SECRET_PREFIX = "QARNOT_SECRET__"  # noqa: S105 - the platform's prefix, not a secret

# Shorter values cannot be told from ordinary text: hiding every "root" or "1234" would make a log unreadable, and
# the gaps would give the value away.
MIN_SECRET_CHARACTERS = 6
MAX_SECRET_VALUES = 2000
MAX_DEPTH = 40

_ANYWHERE = re.compile(r"passw|passphrase|secret|credential|apikey|privatekey|accesskey")
_LAST_WORDS = frozenset({"token", "pass", "pwd", "auth", "jwt", "cookie", "bearer", "dsn", "sas"})
_WORDS = frozenset({"token", "pass"})
_OWNED_KEY = re.compile(
    r"(?:account|api|access|auth|aws|deploy|encryption|licen[cs]e|master|private|secret|service|shared|signing|ssh"
    r"|storage)_key(?:_|$)"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NOT_SECRET_VALUES = frozenset({"[secret]", HIDDEN, "secret", "password", "changeme", "default", "disabled", "enabled"})

# Each repetition is bounded or ends at its neighbour, so that no text takes more than linear time.
_URL_USER = re.compile(r"(?<=://)([^\s/@:]*):([^\s/@]+)(?=@)")
_ASSIGNED = re.compile(
    r"(?i)((?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key)\w{0,40}[\"']?\s?[=:]\s?[\"']?)"
    r"(?![$\s\"'])([^\s\"'&;|]+)"
)
_OPTION = re.compile(
    r"(?i)(--[\w-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api-?key)\s[\"']?)(?![$\s\"'-])([^\s\"'&;|]+)"
)
_AUTHORIZATION = re.compile(r"(?i)(\b(?:bearer|basic)\s+)([\w.~+/=-]{8,})")
_KNOWN_SHAPES = re.compile(
    r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}"
    r"|sk-[\w-]{20,}|hf_[A-Za-z0-9]{30,}|eyJ[\w-]{10,400}\.eyJ[\w-]{10,2000}\.[\w-]+)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


def is_secret_name(name: str) -> bool:
    """Tell whether a constant, label or field of this name holds a secret by the look of its name."""
    if name.upper().startswith(SECRET_PREFIX):
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    if _ANYWHERE.search("".join(words)) or words[-1] in _LAST_WORDS or words[-1].endswith("token"):
        return True
    return not _WORDS.isdisjoint(words) or _OWNED_KEY.search("_".join(words)) is not None


def mask_text(text: str) -> str:
    """Hide what looks like a secret inside a value: users in URLs, assignments, authorizations, known key shapes."""
    text = _URL_USER.sub(rf"\1:{HIDDEN}", text)
    text = _AUTHORIZATION.sub(rf"\1{HIDDEN}", text)
    text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
    text = _OPTION.sub(rf"\1{HIDDEN}", text)
    return _KNOWN_SHAPES.sub(HIDDEN, text)


def mask_constants(constants: Mapping[str, str]) -> dict[str, str]:
    """Return the constants, cleaned, with the values of secret ones hidden; an empty value shows as empty."""
    return {clean_text(key): _mask_value(key, value) for key, value in constants.items()}


def mask_raw(answer: object) -> object:
    """Return a decoded answer of the API, cleaned, with every secret in it hidden, however deep."""
    return _mask(answer, depth=0)


def secret_values(constants: Mapping[str, str]) -> set[str]:
    """Return the values that must not show in a task's logs, as far as they are known from its constants."""
    named = {value for key, value in constants.items() if is_secret_name(key)}
    return named | {password for value in constants.values() for _, password in _URL_USER.findall(value)}


_URL_SAFE = str.maketrans("+/", "-_")


class LogMask:
    """Hides known secret values in log text.

    A value also counts in the forms that programs print: quoted for a URL, JSON or HTML, in base64, and each long line
    of a value of several lines. Values under six characters and everyday words are left
    alone, they are no use as a needle.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._needles = sorted(_needles(values), key=lambda needle: (-len(needle), needle))[:MAX_SECRET_VALUES]

    def __bool__(self) -> bool:
        return bool(self._needles)

    def hide(self, text: str) -> str:
        """Return the text with each secret value replaced by a mark, the longest first."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, HIDDEN)
        return text


def _needles(values: Iterable[str]) -> set[str]:
    """Return what to look for, line by line: each value, each line of it, and its quoted forms."""
    pieces = {piece.strip() for value in values for piece in (value, *value.splitlines())}
    secrets = {piece for piece in pieces if _is_needle(piece)}
    return {form for secret in secrets for form in _forms(secret) if "\n" not in form}


def _forms(secret: str) -> set[str]:
    """Return a secret as programs print it: as it is, in a URL, in JSON, in HTML, in base64."""
    in_url = {quote(secret, safe=safe, errors="replace") for safe in ("", "/")}
    in_json = json.dumps(secret)[1:-1]
    return {
        secret,
        *in_url,
        *(re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), form) for form in in_url),
        in_json,
        json.dumps(in_json)[1:-1],
        escape(secret),
        *_in_base64(secret.encode(errors="replace")),
    }


def _in_base64(secret: bytes) -> set[str]:
    """Return what base64 makes of a secret wherever it begins in the text that is encoded, such as `user:secret`."""
    forms = set()
    for offset in range(3):
        encoded = b64encode(bytes(offset) + secret).decode().rstrip("=")
        # The characters at both ends also depend on what stands beside the secret.
        certain = encoded[(offset * 8 + 5) // 6 : (offset + len(secret)) * 8 // 6]
        forms |= {certain, certain.translate(_URL_SAFE)}
    return {form for form in forms if len(form) >= MIN_SECRET_CHARACTERS}


def _is_needle(value: str) -> bool:
    return len(value) >= MIN_SECRET_CHARACTERS and len(set(value)) > 2 and value.lower() not in _NOT_SECRET_VALUES


def _mask_value(name: str, value: str) -> str:
    if is_secret_name(name):
        return HIDDEN if value else ""
    return mask_text(clean_text(value))


def _mask(answer: object, depth: int) -> object:
    if isinstance(answer, str):
        return mask_text(clean_text(answer))
    if depth > MAX_DEPTH:
        return "[too deep to show]"
    if isinstance(answer, list):
        return [_mask(item, depth + 1) for item in answer]
    if isinstance(answer, dict):
        named = _is_named_secret(answer)
        return {clean_text(str(key)): _mask_field(str(key), value, named, depth) for key, value in answer.items()}
    return answer


def _mask_field(key: str, value: object, named_secret: bool, depth: int) -> object:
    if named_secret and key.lower().endswith("value"):
        return HIDDEN if value else value
    if isinstance(value, str) and value and is_secret_name(key):
        return HIDDEN
    return _mask(value, depth + 1)


def _is_named_secret(answer: Mapping[str, object]) -> bool:
    """Tell whether this is an entry such as {"key": "DB_PASSWORD", "value": ...} of a list of constants."""
    names = (answer.get(field) for field in ("key", "name", "constantName"))
    return any(isinstance(name, str) and is_secret_name(name) for name in names)

"""Which values are secret, and how they are hidden in constants, in whole answers and in any other text."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from html import escape
from itertools import islice
from urllib.parse import quote, quote_plus

from qarnot_mcp.text.cleaning import CUT_FACTOR, clean_text, one_line, visible

HIDDEN = "[hidden]"
SECRET_PREFIX = "QARNOT_SECRET__"  # noqa: S105 - the platform's prefix, not a secret

# Shorter values cannot be told from ordinary text: hiding every "root" or "1234" would make a log unreadable, and
# the gaps would give the value away.
MIN_SECRET_CHARACTERS = 6
MAX_SECRET_VALUES = 2000
MAX_TEXT_CHARACTERS = 16_384
MAX_NAMES = 1000
USUAL_NAME_CHARACTERS = 64
MAX_DEPTH = 40

_ANYWHERE = re.compile(r"passw|passphrase|secret|credential|apikey|privatekey|accesskey")
_LAST_WORDS = frozenset({"token", "pass", "pwd", "auth", "jwt", "cookie", "bearer", "dsn", "sas"})
_WORDS = frozenset({"token", "pass"})
_OWNED_KEY = re.compile(
    r"(?:account|api|access|auth|aws|deploy|encryption|licen[cs]e|master|private|secret|service|shared|signing|ssh"
    r"|storage)_key(?:_|$)"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NOT_SECRET_VALUES = frozenset(
    {"[secret]", HIDDEN, "secret", "password", "changeme", "default", "disabled", "enabled"}
    # What results say in words of their own: hidden, they would be no results any more.
    | {"success", "failure", "cancelled", "submitted", "running", "waiting", "booting", "uploading", "queued"}
    | {"stdout", "stderr", "memory", "command", "platform", "licence", "preempted", "binary"}
)

# Each repetition is bounded or ends at its neighbour, so that no text takes more than linear time.
_URL_USER = re.compile(r"(?<=://)([^\s/@:]*):([^\s/@]+)(?=@)")
_ASSIGNED = re.compile(
    r"(?i)((?:passw(?:or)?d|passphrase|passcode|secret|credential|token(?!s)|(?:api|access|private|licen[cs]e)[_-]?key)"
    r"\w{0,40}[\"']?\s?[=:]\s?[\"']?)(?![$\s\"'])([^\s\"'&;|]+)"
)
_OPTION = re.compile(
    r"(?i)(--[\w-]{0,40}(?:passw(?:or)?d|passphrase|passcode|secret|credentials?|token(?!s)"
    r"|(?:api|access|auth|account|secret|private|licen[cs]e)-?key|auth)\s[\"']?)(?![$\s\"'-])([^\s\"'&;|]+)"
)
# After -p comes a password, or a port, a path, a name of a project: only what has letters and digits and none of the
# marks of those counts, but for programs whose -p is a password.
_SHORT_OPTION = re.compile(
    r"((?<!\S)(?<!mkdir\s)(?<!cp\s)-p\s[\"']?)(?=[^\s\"'&;|]{0,200}\d)(?=[^\s\"'&;|]{0,200}[A-Za-z])"
    r"([^\s\"'&;|$./:=,-][^\s\"'&;|/:=.,]{5,200})(?=[\s\"'&;|]|$)"
)
_LOGIN_OPTION = re.compile(
    r"(\b(?:(?:login|sshpass|mysql\w{0,8}|mongo\w{0,8}|7z)\b[^\n;&|]{0,200}?\s-p|(?:un)?zip\b[^\n;&|]{0,200}?\s-P)"
    r"\s?[\"']?)(?![$\s\"'-])([^\s\"'&;|]+)"
)
_USER_OPTION = re.compile(
    r"(\s(?:-u|--user|--proxy-user)\s[\"']?[^\s\"'&;|:/@]{1,100}:)(?![$\s\"']|\d{1,9}\b)([^\s\"'&;|:/]+)"
)
_AUTHORIZATION = re.compile(r"(?i)(\b(?:bearer|basic)\s+)([\w.~+/=-]{8,})")
_OPTIONS = (_OPTION, _SHORT_OPTION, _LOGIN_OPTION, _USER_OPTION)
# As in DOCKER_REPO; not the digest of an image, nor an address of mail.
_USER_AT_HOST = re.compile(r"(?<![\w/@.-])((?!mailto)[\w.-]{1,64}:)([^\s/@:\"']{1,200})(?=@(?!sha\d)[\w-])")
_KNOWN_SHAPES = re.compile(
    r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}"
    r"|sk-[\w-]{20,}|hf_[A-Za-z0-9]{30,}|eyJ[\w-]{10,400}\.eyJ[\w-]{10,2000}\.[\w-]+)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
# Looked for first, as most texts have none of them; sk- alone would be found in each "task-".
_SHAPE_BEGINS = re.compile(r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|hf_|eyJ|-----BEGIN ")
_SHAPE_OF_SK = re.compile(r"sk-(?<!\wsk-)[\w-]{20}")


def is_secret_name(name: str) -> bool:
    """Tell whether a constant, label or field of this name holds a secret by the look of its name."""
    return _is_secret_name(name) if len(name) <= USUAL_NAME_CHARACTERS else _is_secret_name.__wrapped__(name)


@lru_cache(maxsize=1024)  # the same constants come again and again
def _is_secret_name(name: str) -> bool:
    if name.upper().startswith(SECRET_PREFIX):
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    if _ANYWHERE.search("".join(words)) or words[-1] in _LAST_WORDS or words[-1].endswith("token"):
        return True
    return not _WORDS.isdisjoint(words) or _OWNED_KEY.search("_".join(words)) is not None


def mask_text(text: str) -> str:
    """Hide what looks like a secret inside a value: users in URLs, assignments, options, known key shapes."""
    for pattern in _patterns_for(text):
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return mask_shapes(text)


def _patterns_for(text: str) -> Iterator[re.Pattern[str]]:
    """Yield the patterns that can find something in a text: most texts have none of the marks that they need."""
    folded = text.lower()
    if "bearer" in folded or "basic" in folded:
        yield _AUTHORIZATION
    if "=" in text or ":" in text:
        yield _ASSIGNED
        yield _USER_AT_HOST
    if "-" in text:
        yield from _OPTIONS


def masked_line(text: str, limit: int) -> str:
    """Return a text from a stranger on one line of at most `limit` characters, without what looks like a secret."""
    return (_masked_line if len(text) <= limit else _masked_line.__wrapped__)(text, limit)


@lru_cache(maxsize=2048)  # names, tags and profiles of tasks come again and again
def _masked_line(text: str, limit: int) -> str:
    # Masked before it is cut: what a cut leaves of a secret looks like none.
    looked_at = CUT_FACTOR * limit
    return one_line(f"{mask_text(clean_text(text[:looked_at]))}{text[looked_at:]}", limit)


def mask_shapes(text: str) -> str:
    """Hide what is secret wherever it stands: the password of a user in a URL, and known key shapes."""
    if "://" in text:
        text = _URL_USER.sub(rf"\1:{HIDDEN}", text)
    return _KNOWN_SHAPES.sub(HIDDEN, text) if _has_shape(text) else text


def _has_shape(text: str) -> bool:
    return (_SHAPE_BEGINS.search(text) or _SHAPE_OF_SK.search(text)) is not None


def mask_constants(constants: Mapping[str, str]) -> dict[str, str]:
    """Return the constants as they are, with the values of secret ones hidden; an empty value shows as empty.

    A command that somebody runs again must not have lost its lines: control characters are escaped, not removed.
    """
    return {visible(key): _mask_value(key, value) for key, value in constants.items()}


def mask_raw(answer: object, verbatim: Collection[str] = ()) -> object:
    """Return a decoded answer of the API, cleaned, with every secret in it hidden, however deep.

    What stands in the fields `verbatim` is not cleaned: its control characters are escaped.
    """
    return _Masking(verbatim).mask(answer)


def secret_values(values: Mapping[str, str]) -> set[str]:
    """Return the values that must not show anywhere, as far as they are known from constants or labels."""
    return {secret for name, value in values.items() for secret in _secrets_of(name, value)}


def secrets_in_task(task: Mapping[str, object]) -> list[str]:
    """Return the secret values of a task as the API or a caller writes it, sorted, however its constants are given."""
    constants, labels = task.get("constants"), task.get("labels")
    pairs: list[tuple[object, object]] = []
    for entry in constants[:MAX_NAMES] if isinstance(constants, list) else ():
        if isinstance(entry, dict):
            pairs.append((entry.get("key"), entry.get("value")))
        elif isinstance(entry, str):
            pairs.append(entry.partition("=")[::2])
    for values in (constants, labels):
        pairs += islice(values.items(), MAX_NAMES) if isinstance(values, dict) else ()
    found: set[str] = set()
    for name, value in pairs:
        if isinstance(name, str) and isinstance(value, str):
            found |= _secrets_of(name[:MAX_TEXT_CHARACTERS], value)
    return sorted(found)


def _secrets_of(name: str, value: str) -> set[str]:
    if is_secret_name(name):
        return {value}
    text = value[:MAX_TEXT_CHARACTERS]
    found = {match[2] for pattern in _patterns_for(text) for match in pattern.finditer(text)}
    if "://" in text:
        found |= {match[2] for match in _URL_USER.finditer(text)}
    return found | {match[0] for match in _KNOWN_SHAPES.finditer(text)} if _has_shape(text) else found


_SAME_EVERYWHERE = re.compile(r"[\w.~-]+", re.ASCII)
_URL_SAFE = str.maketrans("+/", "-_")
CUT = "characters cut ...]"
_CUT_MARK = re.compile(rf"(…(?: \([0-9,]{{1,15}} more characters\))?|\[\.\.\. [0-9,]{{1,15}} {re.escape(CUT)})")
CUT_PART_CHARACTERS = 4
"""So much of a value that a cut has left is hidden; less of it gives nothing away."""


class LogMask:
    """Hides known secret values in any text, not in logs alone.

    A value also counts in the forms that programs print: quoted for a URL, JSON or HTML, in base64, and each long line
    of a value of several lines; so does the part of one that a cut has left. Values under six characters and everyday
    words are left alone, they are no use as a needle.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        # The first values stay where there are too many: a dict keeps the order in which they were learned.
        needles = list(dict.fromkeys(form for value in values for form in _needles(value)))[:MAX_SECRET_VALUES]
        self._needles = sorted(needles, key=lambda needle: (-len(needle), needle))
        self._longest = len(self._needles[0]) if needles else 0
        self._by_start: dict[str, list[str]] | None = None
        self._by_end: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._needles)

    def may_hide_in(self, text: str) -> bool:
        """Return whether there may be something to hide in a text."""
        return any(needle in text for needle in self._needles) or (bool(self) and ("…" in text or CUT in text))

    def hide(self, text: str) -> str:
        """Return the text with each secret value replaced by a mark, the longest first."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, HIDDEN)
        return self._hide_cut(text) if self._needles and ("…" in text or CUT in text) else text

    def _hide_cut(self, text: str) -> str:
        """Hide what a cut has left of a value: its beginning before the mark of the cut, its end behind it."""
        if self._by_start is None:
            self._by_start = {}
            for needle in self._needles:
                self._by_start.setdefault(needle[:CUT_PART_CHARACTERS], []).append(needle)
                self._by_end.setdefault(needle[-CUT_PART_CHARACTERS:], []).append(needle)
        parts = _CUT_MARK.split(text)  # texts and, between them, marks
        for index in range(0, len(parts), 2):
            if index + 1 < len(parts):
                parts[index] = self._without_beginning(parts[index], self._by_start)
            if index > 0:
                parts[index] = self._without_end(parts[index])
        return "".join(parts)

    def _without_beginning(self, text: str, by_start: Mapping[str, list[str]]) -> str:
        for start in range(max(0, len(text) - self._longest), len(text) - CUT_PART_CHARACTERS + 1):
            rest = text[start:]
            if any(needle.startswith(rest) for needle in by_start.get(rest[:CUT_PART_CHARACTERS], ())):
                return f"{text[:start]}{HIDDEN}"
        return text

    def _without_end(self, text: str) -> str:
        for end in range(min(len(text), self._longest), CUT_PART_CHARACTERS - 1, -1):
            rest = text[:end]
            if any(needle.endswith(rest) for needle in self._by_end.get(rest[-CUT_PART_CHARACTERS:], ())):
                return f"{HIDDEN}{text[end:]}"
        return text


def _needles(value: str) -> Iterator[str]:
    """Yield what to look for, line by line: the value, each line of it, as programs print them."""
    value = value[:MAX_TEXT_CHARACTERS]
    for text in dict.fromkeys((value, clean_text(value), " ".join(clean_text(value).split()))):
        for piece in dict.fromkeys((text, *text.splitlines())):
            if _is_needle(secret := piece.strip()):
                yield from sorted(form for form in _forms(secret) if "\n" not in form)


def _forms(secret: str) -> set[str]:
    """Return a secret as programs print it: as it is, in a URL, in JSON, in HTML, in base64."""
    if _SAME_EVERYWHERE.fullmatch(secret):  # as keys are
        return {secret, *_in_base64(secret.encode())}
    in_url = {quote(secret, safe=safe, errors="replace") for safe in ("", "/")}
    in_url.add(quote_plus(secret, errors="replace"))
    in_json = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {
        secret,
        *in_url,
        *(re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), form) for form in in_url),
        *in_json,
        *(json.dumps(form)[1:-1] for form in in_json),
        *(form.replace("/", "\\/") for form in in_json),
        escape(secret),
        escape(secret, quote=False),
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
    return mask_text(visible(value[:MAX_TEXT_CHARACTERS]))


class _Masking:
    """One walk through a decoded answer."""

    def __init__(self, verbatim: Collection[str]) -> None:
        self._verbatim = verbatim

    def mask(self, answer: object, depth: int = 0, clean: Callable[[str], str] = clean_text) -> object:
        """Return a part of the answer, masked; `clean` is what makes its texts safe."""
        if isinstance(answer, str):
            return mask_text(clean(answer[:MAX_TEXT_CHARACTERS]))
        if depth > MAX_DEPTH:
            return "[too deep to show]"
        if isinstance(answer, list):
            return [self.mask(item, depth + 1, clean) for item in answer]
        if isinstance(answer, dict):
            named = _is_named_secret(answer)
            return {
                clean(str(key)): self._mask_field(str(key), value, named, depth, clean) for key, value in answer.items()
            }
        return answer

    def _mask_field(
        self, key: str, value: object, named_secret: bool, depth: int, clean: Callable[[str], str]
    ) -> object:
        if named_secret and key.lower().endswith("value"):
            return HIDDEN if value else value
        if isinstance(value, str) and value and is_secret_name(key):
            return HIDDEN
        return self.mask(value, depth + 1, visible if key in self._verbatim else clean)


def _is_named_secret(answer: Mapping[str, object]) -> bool:
    """Tell whether this is an entry such as {"key": "DB_PASSWORD", "value": ...} of a list of constants."""
    names = (answer.get(field) for field in ("key", "name", "constantName"))
    return any(isinstance(name, str) and is_secret_name(name) for name in names)

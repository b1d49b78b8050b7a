"""Regular expressions that callers write: RE2 alone runs them, since it takes linear time whatever they say.

RE2 has wheels for CPython up to 3.14 on glibc, macOS and Windows. Elsewhere (musl, free-threaded) a server may run
without it: what is plain text is then searched for as such, and any other expression is refused in a sentence.
"""

import re
from types import ModuleType
from typing import NamedTuple

_MEMORY_BYTES = 2 << 20
WITHOUT_RE2 = (
    "This server runs without RE2 (the package google-re2), so that it searches for plain text only: escape other "
    "signs with a backslash."
)
# Signs that stand for themselves, or any other sign behind a backslash: \d and its like are no text.
_PLAIN = re.compile(r"(\(\?i\))?((?:[^\\.^$*+?{}\[\]|()\r\n]|\\[^A-Za-z0-9\r\n])+)")
_ESCAPED = re.compile(r"\\(.)")
# An expression, which may be one group, and its parts: signs that must be there, a bar between alternatives, and what
# says nothing sure. Groups in groups, flags, and escapes that take what follows them are no parts.
_WHOLE = re.compile(r"(\(\?i\))?(?:\((?:\?:)?(?!\?)((?:[^()\\]|\\.)*)\)|(.*))")
_SIGN = r"(?:[^\\.^$*+?{}\[\]|()\r\n]|\\[^A-Za-z0-9\r\n])"
_CLASS = r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\[\]\\])*\]"
_PART = re.compile(
    rf"({_SIGN}+)(?![*?{{])|(\|)"
    rf"|{_SIGN}|[.^$*+?]|\\[dDwWsSbB]|\{{\d+(?:,\d*)?\}}|{_CLASS}"
    rf"|\((?!\?[^:P])(?:[^()\[\]\\]|\\[^Q]|{_CLASS})*\)"
)


class PlainText(NamedTuple):
    """What an expression looks for where it is plain text."""

    text: str
    ignores_case: bool

    def compile(self) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
        """Return an expression of `re` for the text, and one for the whole lines that hold it; both take linear time.

        Raises `UnicodeEncodeError` for a text with half a surrogate pair.
        """
        flags = re.MULTILINE | (re.IGNORECASE if self.ignores_case else 0)
        escaped = re.escape(self.text.encode())
        return re.compile(escaped, flags), re.compile(b"^.*" + escaped + b".*$", flags)


class RequiredTexts(NamedTuple):
    """Texts of which at least one stands in all that an expression matches."""

    texts: list[str]
    ignores_case: bool


def load_re2() -> ModuleType | None:
    """Return the module of RE2, None where it is not installed; a server that never searches holds 2 MiB less."""
    try:
        import re2
    except ImportError:
        return None
    module: ModuleType = re2
    return module


def line_options(re2: ModuleType) -> object:
    """Return the options to look into a text line by line, in bounded memory."""
    options = re2.Options()
    options.never_nl = True
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    return options


def plain_text_of(expression: str) -> PlainText | None:
    """Return the text that an expression stands for, None where it is more than a text."""
    found = _PLAIN.fullmatch(expression)
    return PlainText(_ESCAPED.sub(r"\1", found[2]), found[1] is not None) if found else None


def required_texts(expression: str) -> RequiredTexts | None:
    """Return what stands in all that an expression matches, None where that is not easily told."""
    whole = _WHOLE.fullmatch(expression)
    if whole is None:
        return None
    inside, position, longest = whole[2] or whole[3] or "", 0, [""]
    while position < len(inside):
        part = _PART.match(inside, position)
        if part is None:
            return None
        if part[2]:
            longest.append("")
        elif part[1]:
            longest[-1] = max(longest[-1], _ESCAPED.sub(r"\1", part[1]), key=len)
        position = part.end()
    return RequiredTexts(longest, whole[1] is not None) if all(longest) else None

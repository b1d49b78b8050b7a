"""Regular expressions that callers write: RE2 alone runs them, since it takes linear time whatever they say.

RE2 has wheels for CPython up to 3.14 on glibc, macOS and Windows. Elsewhere (musl, free-threaded) a server may run
without it: what is plain text is then searched for as such, and any other expression is refused in a sentence.
"""

import re
from types import ModuleType
from typing import NamedTuple

WITHOUT_RE2 = (
    "This server runs without RE2 (the package google-re2), so that it searches for plain text only: escape other "
    "signs with a backslash."
)
# Signs that stand for themselves, or any other sign behind a backslash: \d and its like are no text.
_PLAIN = re.compile(r"(\(\?i\))?((?:[^\\.^$*+?{}\[\]|()\r\n]|\\[^A-Za-z0-9\r\n])+)")
_ESCAPED = re.compile(r"\\(.)")


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


def load_re2() -> ModuleType | None:
    """Return the module of RE2, None where it is not installed; a server that never searches holds 2 MiB less."""
    try:
        import re2
    except ImportError:
        return None
    module: ModuleType = re2
    return module


def plain_text_of(expression: str) -> PlainText | None:
    """Return the text that an expression stands for, None where it is more than a text."""
    found = _PLAIN.fullmatch(expression)
    return PlainText(_ESCAPED.sub(r"\1", found[2]), found[1] is not None) if found else None

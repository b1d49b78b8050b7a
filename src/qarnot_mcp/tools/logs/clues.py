"""What a text must hold as it came for a search to match it once it is cleaned and masked.

An expression often requires some text. Where that is missing, a part of a log need not be prepared to be searched.
"""

import re
from collections.abc import Sequence

from qarnot_mcp.text.expressions import line_options, load_re2, required_texts
from qarnot_mcp.text.masking import HIDDEN
from qarnot_mcp.tools.logs.selection import Expression

MAX_CLUES = 8
MIN_CLUE_CHARACTERS = 2
MAX_CLUE_CHARACTERS = 8
"""RE2 needs a state for each set of places where a word may be broken off, at most 128 of them."""

# Signs that stand in a cleaned and masked text only where they stood before, but for the word of the mask: cleaning
# removes what begins with no other sign than these, tab and newline, and makes blanks of separators of lines.
_SURE = re.compile(r"[ -Z\\^-~]+")
_REMOVED = r"(?:[^ -~\t\n].*)?"
_BLANK = r"[ \x{2028}\x{2029}]"


class Clues:
    """Expressions of which one is found in each text that a search matches once it is cleaned and masked.

    There are none where they are not easily told, or many: each is looked for by itself, which RE2 does many times as
    fast.
    """

    def __init__(self, search: str) -> None:
        self._expressions = _expressions_for(search)

    def __bool__(self) -> bool:
        return bool(self._expressions)

    def are_missing_in(self, data: bytes) -> bool:
        """Return whether there are some, and a text has none of them."""
        return bool(self) and not any(expression.search(data) for expression in self._expressions)


def _expressions_for(search: str) -> Sequence[Expression]:
    re2, required = load_re2(), required_texts(search)
    if re2 is None or required is None or len(required.texts) > MAX_CLUES:
        return ()
    words = [max(_SURE.findall(text), key=len, default="")[:MAX_CLUE_CHARACTERS] for text in required.texts]
    if any(len(word) < MIN_CLUE_CHARACTERS or word.lower() in HIDDEN for word in words):
        return ()
    flag = "(?i)" if required.ignores_case else ""
    clues = [_REMOVED.join([_BLANK if sign == " " else re.escape(sign) for sign in word]) for word in words]
    return [re2.compile(f"{flag}{clue}".encode(), line_options(re2)) for clue in clues]

"""Regular expressions of callers, as the platform takes them: by RE2, in linear time whatever they say.

Where RE2 is not installed only plain text is taken, with `(?i)` before it or not.
"""

import re
from typing import Any

MAX_CHARACTERS = 2048
_PLAIN = re.compile(r"(?:\(\?i\))?(?:[^\\.^$*+?{}\[\]|()]|\\[^A-Za-z0-9])+")


class BadExpressionError(ValueError):
    """An expression that cannot be read, or not without RE2."""


def compile_expression(expression: str) -> Any:
    """Return the compiled expression; raise `BadExpressionError` for none."""
    expression = expression[:MAX_CHARACTERS]
    try:
        import re2
    except ImportError:
        if _PLAIN.fullmatch(expression) is None:
            raise BadExpressionError("without RE2 only plain text can be searched for") from None
        return re.compile(expression)
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise BadExpressionError("not a regular expression of RE2") from error

"""Reads a command line into simple commands; nothing here runs anything.

One pattern reads a token at a time, in linear time. `shlex` cannot: it does not tell `'$X'` from `"$X"`, `2>f` from
`2 >f`, or the end of a line from a space.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_VARIABLE = r"\$(?:\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*|\?)"
_DOLLAR = r"\$(?![({A-Za-z_?])"
_SINGLE = r"'[^']*+'"
_DOUBLE = rf'"(?:[^"\\$`]|\\.|{_VARIABLE}|{_DOLLAR})*+"'
_TOKEN = re.compile(
    rf"""
    [ \t\r]+|(?<![^\s;|])\#[^\n]*
    |(?P<operator>&&|\|\||[;\n|])
    |(?P<redirection>[12]?>&(?=[12])|[12]?>>?)
    |(?P<word>(?:[^\s;&|<>()`'"\\$]|\\.|{_SINGLE}|{_DOUBLE}|{_VARIABLE}|{_DOLLAR})++)
    """,
    re.DOTALL | re.VERBOSE,
)
_PIECE = re.compile(rf"(?P<single>{_SINGLE})|(?P<double>{_DOUBLE})|\\(?P<escaped>.)|{_VARIABLE}", re.DOTALL)
_IN_DOUBLE = re.compile(rf'\\(?P<escaped>["\\$`])|{_VARIABLE}')


class UnsupportedSyntaxError(ValueError):
    """A part of a command line that the sandbox does not follow."""


@dataclass(slots=True)
class Command:
    """A simple command as it was written; `operator` joins it to the one before it."""

    operator: str
    words: list[str] = field(default_factory=list)
    redirections: list[tuple[str, str]] = field(default_factory=list)
    """Signs such as `2>` with their targets."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been read of it."""
        return not self.words and not self.redirections


@lru_cache(maxsize=512)
def read_script(text: str) -> tuple[Command, ...]:
    """Return the commands of a command line; raises UnsupportedSyntaxError for one that has other forms."""
    commands = [Command(";")]
    tokens = _tokens(text.replace("\\\n", ""))
    for kind, piece in tokens:
        command = commands[-1]
        if kind == "word":
            command.words.append(piece)
        elif kind == "redirection":
            target_kind, target = next(tokens, ("", piece))
            if target_kind != "word":
                raise UnsupportedSyntaxError(target)
            command.redirections.append((piece, target))
        elif not command.is_empty:
            commands.append(Command(piece))
        elif piece not in ";\n":
            raise UnsupportedSyntaxError(piece)
    last = commands[-1]
    if last.is_empty and last.operator not in ";\n":
        raise UnsupportedSyntaxError(last.operator)
    return tuple(commands[:-1] if last.is_empty else commands)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise UnsupportedSyntaxError(text[position : position + 20])
        position = found.end()
        if found.lastgroup is not None:
            yield found.lastgroup, found[0]


def expand_word(word: str, lookup: Callable[[str], str]) -> str | None:
    """Return a word with the values of its variables; None for one that vanishes, unquoted and empty."""

    def value(found: re.Match[str]) -> str:
        if found.lastgroup == "single":
            return found[0][1:-1]
        if found.lastgroup == "double":
            return _IN_DOUBLE.sub(value, found[0][1:-1])
        return found["escaped"] or lookup(found[0].strip("${}"))

    text = _PIECE.sub(value, word)
    return text if text or set(word) & set("'\"\\") else None

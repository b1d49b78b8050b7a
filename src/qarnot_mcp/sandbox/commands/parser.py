"""Reads a command line into pipelines of simple commands; nothing here runs anything.

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
    [ \t\r]+|(?<![^\s;&|])\#[^\n]*
    |(?P<operator>&&|\|\||[;\n|])
    |(?P<redirection>[12]?>&(?=[12])|[12&]?>>?)
    |(?P<word>(?:[^\s;&|<>()`'"\\$]|\\.|{_SINGLE}|{_DOUBLE}|{_VARIABLE}|{_DOLLAR})++)
    """,
    re.DOTALL | re.VERBOSE,
)
_PIECE = re.compile(
    rf"(?P<single>{_SINGLE})|(?P<double>{_DOUBLE})|\\(?P<escaped>.)|(?P<variable>{_VARIABLE})", re.DOTALL
)
_IN_DOUBLE = re.compile(rf'\\(?P<escaped>["\\$`])|(?P<variable>{_VARIABLE})')
_KEYWORD = re.compile(r"[!{}]|\[\[|case|do|done|elif|else|esac|fi|for|function|if|select|then|time|until|while")


class UnsupportedSyntaxError(ValueError):
    """A part of a command line that the sandbox does not follow."""


@dataclass(slots=True)
class Command:
    """A simple command as it was written; `redirections` are signs such as `2>` with their targets."""

    words: list[str] = field(default_factory=list)
    redirections: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Pipeline:
    """Commands joined by `|`; `operator` joins the pipeline to the one before it."""

    operator: str
    commands: list[Command]


@lru_cache(maxsize=512)
def read_script(text: str) -> tuple[Pipeline, ...]:
    """Return the pipelines of a command line; raises UnsupportedSyntaxError for one that has other forms."""
    pipelines = [Pipeline(";", [Command()])]
    tokens = _tokens(text.replace("\\\n", ""))
    for kind, piece in tokens:
        command = pipelines[-1].commands[-1]
        if kind == "redirection":
            target_kind, target = next(tokens, ("", piece))
            if target_kind != "word":
                raise UnsupportedSyntaxError(target)
            command.redirections.append((piece, target))
        elif kind == "word":
            if not command.words and _KEYWORD.fullmatch(piece):
                raise UnsupportedSyntaxError(piece)
            command.words.append(piece)
        elif piece == "\n" and command == Command():
            continue
        elif piece == "|":
            pipelines[-1].commands.append(Command())
        else:
            pipelines.append(Pipeline(piece, [Command()]))
    found = [pipeline for pipeline in pipelines if pipeline.commands != [Command()]]
    if any(not command.words and len(pipeline.commands) > 1 for pipeline in found for command in pipeline.commands):
        raise UnsupportedSyntaxError("|")
    return tuple(found)


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
        if found["single"]:
            return found["single"][1:-1]
        if found["double"]:
            return _IN_DOUBLE.sub(value_in_double, found["double"][1:-1])
        return value_in_double(found)

    def value_in_double(found: re.Match[str]) -> str:
        return found["escaped"] or lookup(found["variable"].strip("${}"))

    text = _PIECE.sub(value, word)
    return text if text or set(word) & set("'\"\\") else None

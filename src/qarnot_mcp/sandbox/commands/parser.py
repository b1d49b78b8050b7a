"""A command line read into the few forms that the sandbox knows; nothing here runs anything."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Operator = Literal[";", "&&", "||"]
Lookup = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word: a text, or the name of a variable."""

    text: str
    is_variable: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command; a word without quotes that expands to nothing vanishes."""

    parts: tuple[Part, ...]
    is_quoted: bool

    def expand(self, lookup: Lookup) -> str:
        """The word with the values of its variables."""
        return "".join(lookup(part.text) if part.is_variable else part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command; `operator` joins it to the one before it, `source` is how it was written."""

    operator: Operator
    words: tuple[Word, ...]
    source: str
    to_stderr: bool = False
    to_file: bool = False
    is_known: bool = True


_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*|\?))")
_REDIRECTION = re.compile(r"(?:(1?>&2)|(2>&1)|((?:[12]|&)?>>?)[ \t]*([^\s;&|<>()]+))")
_BARE_END = frozenset(" \t\n;&|<>()'\"\\$`")


class _Reader:
    """Reads one command line from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def commands(self) -> Iterator[Command]:
        operator: Operator = ";"
        while self.at < len(self.text):
            command = self._command(operator)
            if command.words or command.source:
                yield command
            operator = self._operator()

    def _operator(self) -> Operator:
        for sign in ("&&", "||"):
            if self.text.startswith(sign, self.at):
                self.at += 2
                return "&&" if sign == "&&" else "||"
        self.at += 1
        return ";"

    def _command(self, operator: Operator) -> Command:
        start = self.at
        words: list[Word] = []
        to_stderr = to_file = False
        is_known = True
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in ";\n" or self.text.startswith(("&&", "||"), self.at):
                break
            redirection = _REDIRECTION.match(self.text, self.at)
            if redirection:
                to_stderr |= redirection[1] is not None
                if redirection[3] is not None:
                    to_stderr |= redirection[4] == "/dev/stderr"
                    to_file |= redirection[3][0] != "2" and redirection[4] not in ("/dev/stderr", "/dev/stdout")
                self.at = redirection.end()
            elif character in " \t":
                self.at += 1
            elif character == "#":
                self._comment()
            elif character in "|&<>()":
                is_known = False
                self.at += 1
            else:
                word, word_is_known = self._word()
                words.append(word)
                is_known &= word_is_known
        source = self.text[start : self.at].strip()
        return Command(operator, tuple(words), source if words or not is_known else "", to_stderr, to_file, is_known)

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _word(self) -> tuple[Word, bool]:
        parts: list[Part] = []
        is_quoted = False
        is_known = True
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "'":
                end = self.text.find("'", self.at + 1)
                is_known &= end >= 0
                end = len(self.text) if end < 0 else end
                parts.append(Part(self.text[self.at + 1 : end]))
                self.at = end + 1
                is_quoted = True
            elif character == '"':
                is_known &= self._double_quoted(parts)
                is_quoted = True
            elif character == "\\":
                parts.append(Part(self.text[self.at + 1 : self.at + 2]))
                self.at += 2
                is_quoted = True
            elif character == "$":
                is_known &= self._variable(parts)
            elif character == "`":
                is_known = False
                self.at += 1
            elif character in _BARE_END:
                break
            else:
                start = self.at
                while self.at < len(self.text) and self.text[self.at] not in _BARE_END:
                    self.at += 1
                parts.append(Part(self.text[start : self.at]))
        return Word(tuple(parts), is_quoted), is_known

    def _variable(self, parts: list[Part]) -> bool:
        found = _VARIABLE.match(self.text, self.at)
        if found:
            parts.append(Part(found[1] or found[2], is_variable=True))
            self.at = found.end()
            return True
        parts.append(Part("$"))
        self.at += 1
        return not self.text.startswith(("(", "{"), self.at)

    def _double_quoted(self, parts: list[Part]) -> bool:
        is_known = True
        self.at += 1
        literal: list[str] = []
        while self.at < len(self.text) and self.text[self.at] != '"':
            character = self.text[self.at]
            if character == "\\" and self.text[self.at + 1 : self.at + 2] in tuple('"\\$`'):
                literal.append(self.text[self.at + 1])
                self.at += 2
            elif character == "$":
                parts.append(Part("".join(literal)))
                literal.clear()
                is_known &= self._variable(parts)
            else:
                is_known &= character != "`"
                literal.append(character)
                self.at += 1
        parts.append(Part("".join(literal)))
        is_closed = self.at < len(self.text)
        self.at += 1
        return is_known and is_closed


@lru_cache(maxsize=512)
def read_commands(text: str) -> tuple[Command, ...]:
    """The simple commands of a command line, in order.

    A form that the sandbox does not know (a pipe, a loop, a subshell) gives a command that is not `is_known`.
    """
    return tuple(_Reader(text.replace("\\\n", "")).commands())

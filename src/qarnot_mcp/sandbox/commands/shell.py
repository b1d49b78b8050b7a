"""What a command line would print, how long it would take and how it would end; no command runs on this machine."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from qarnot_mcp.sandbox.commands.parser import Command, read_commands

Stream = Literal["stdout", "stderr"]

MAX_COMMANDS = 500
"""Simple commands that one instance runs before it is stopped."""
MAX_TEXT_LENGTH = 65_536
"""Characters that one instance prints, numbers of `seq` apart."""
MAX_SEQUENCE_LENGTH = 1_000_000
"""NumberRange that one `seq` prints."""
MAX_RUN_SECONDS = 30 * 86400
"""Platform seconds that one attempt of an instance takes at most."""
_MAX_DEPTH = 4
_MAX_FIELD_WIDTH = 200

_SHELLS = frozenset({"sh", "bash", "dash", "/bin/sh", "/bin/bash", "/usr/bin/bash"})
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([abcefnrtv\\\"'])|0?([0-7]{1,3})|x([0-9a-fA-F]{1,2}))")
_ESCAPES = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_DIRECTIVE = re.compile(r"%(?:%|([-+ 0#]*)(\d{0,6})(?:\.(\d{0,6}))?([sdifegxXocb]))")
_DURATION = re.compile(r"(\d{1,18}(?:\.\d{1,18})?(?:e\+?\d{1,3})?|inf|infinity)([smhd]?)", re.IGNORECASE)
_DURATION_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The numbers of a `seq`, one on each line, not written out."""

    values: range

    def tail(self, max_length: int) -> str:
        """The last lines, at most about `max_length` characters of them."""
        if not self.values:
            return ""
        shortest = min(len(str(self.values[0])), len(str(self.values[-1]))) if 0 not in self.values else 1
        kept = self.values[-(max_length // (shortest + 1) + 1) :]
        return "\n".join(map(str, kept)) + "\n"


@dataclass(frozen=True, slots=True)
class Output:
    """Something printed, `at_seconds` after the start of the attempt."""

    at_seconds: float
    stream: Stream
    content: str | NumberRange


@dataclass(slots=True)
class Run:
    """One attempt of one instance as it would go."""

    duration_seconds: float = 0.0
    exit_code: int = 0
    outputs: list[Output] = field(default_factory=list)
    peak_memory_mb: int = 0
    """0 where the command says nothing about it."""
    is_out_of_memory: bool = False


class _Exit(Exception):  # noqa: N818 - no error, the end
    """The command line ends here."""


class Shell:
    """Follows a command line with the variables of one instance."""

    def __init__(self, variables: Mapping[str, str], find_program: "FindProgram") -> None:
        self.run = Run()
        self._find_program = find_program
        self._variables = dict(variables)
        self._status = 0
        self._commands_left = MAX_COMMANDS
        self._text_left = MAX_TEXT_LENGTH
        self._stops_on_error = False

    def follow(self, text: str) -> Run:
        """What the command line does, from its start to its end."""
        with suppress(_Exit):
            self._follow(text, 0)
        self.run.exit_code = self._status
        return self.run

    def lookup(self, name: str) -> str:
        """The value of a variable, empty where it has none."""
        return str(self._status) if name == "?" else self._variables.get(name, "")

    def wait(self, seconds: float) -> None:
        """Let the simulated time of this attempt pass."""
        self.run.duration_seconds = min(self.run.duration_seconds + seconds, MAX_RUN_SECONDS)

    def write(self, content: str | NumberRange, stream: Stream = "stdout") -> None:
        """Print, as far as the bounds allow."""
        if isinstance(content, str):
            if not content or self._text_left <= 0:
                return
            if len(content) > self._text_left:
                content = content[: self._text_left] + "\nsandbox: the output of this instance is cut here\n"
            self._text_left -= len(content)
        self.run.outputs.append(Output(self.run.duration_seconds, stream, content))

    def _follow(self, text: str, depth: int) -> None:
        commands = read_commands(text)
        for position, command in enumerate(commands):
            if (command.operator == "&&" and self._status != 0) or (command.operator == "||" and self._status == 0):
                continue
            if self._commands_left <= 0:
                self.write(f"sandbox: stopped after {MAX_COMMANDS} commands\n", "stderr")
                raise _Exit
            self._commands_left -= 1
            self._status = self._simple(command, depth)
            is_tested = position + 1 < len(commands) and commands[position + 1].operator != ";"
            if self._stops_on_error and self._status != 0 and not is_tested:
                raise _Exit

    def _simple(self, command: Command, depth: int) -> int:
        words = [
            expanded
            for word in command.words
            if (expanded := word.expand(self.lookup)[:MAX_TEXT_LENGTH]) or word.is_quoted
        ]
        if not command.is_known:
            return self._not_run(command)
        while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
            self._variables[assignment[1]] = assignment[2]
            words.pop(0)
        if not words:
            return 0
        stream: Stream = "stderr" if command.to_stderr else "stdout"
        name, arguments = words[0].removeprefix("/usr").removeprefix("/bin/"), words[1:]
        if words[0] in _SHELLS:
            return self._nested(command, arguments, depth)
        match name:
            case "echo":
                self._print(_echo(arguments), stream, command)
            case "printf":
                self._print(_printf(arguments), stream, command)
            case "seq":
                return self._seq(arguments, stream, command)
            case "sleep":
                return self._sleep(arguments)
            case "exit":
                self._status = _exit_code(arguments[0]) if arguments else self._status
                raise _Exit
            case "true" | ":":
                return 0
            case "false":
                return 1
            case "set" if arguments and re.fullmatch(r"[-+][a-z]+", arguments[0]):
                if "e" in arguments[0]:
                    self._stops_on_error = arguments[0].startswith("-")
            case "export":
                for argument in arguments:
                    if assignment := _ASSIGNMENT.fullmatch(argument):
                        self._variables[assignment[1]] = assignment[2]
            case _:
                return self._other(words, command)
        return 0

    def _other(self, words: Sequence[str], command: Command) -> int:
        program = self._find_program(words)
        return self._not_run(command) if program is None else program(self)

    def _not_run(self, command: Command) -> int:
        self.write(f"sandbox: not run: {command.source[:500]}\n")
        return 0

    def _print(self, text: str, stream: Stream, command: Command) -> None:
        if not command.to_file:
            self.write(text, stream)

    def _nested(self, command: Command, arguments: Sequence[str], depth: int) -> int:
        options = [argument for argument in arguments if argument.startswith("-")]
        scripts = [argument for argument in arguments if not argument.startswith("-")]
        if not scripts or not any("c" in option for option in options):
            return self._not_run(command)
        if depth >= _MAX_DEPTH:
            self.write("sandbox: too many shells inside shells\n", "stderr")
            return 1
        outer_stops = self._stops_on_error
        self._stops_on_error = any("e" in option for option in options)
        try:
            self._follow(scripts[0], depth + 1)
        except _Exit:
            if self._commands_left <= 0:
                raise
        self._stops_on_error = outer_stops
        return self._status

    def _sleep(self, arguments: Sequence[str]) -> int:
        found = [_DURATION.fullmatch(argument) for argument in arguments]
        if not found or None in found:
            self.write("sleep: invalid time interval\n", "stderr")
            return 1
        for duration in found:
            if duration is not None:
                seconds = float(duration[1]) * _DURATION_UNITS[duration[2].lower()]
                self.wait(seconds if math.isfinite(seconds) else MAX_RUN_SECONDS)
        return 0

    def _seq(self, arguments: Sequence[str], stream: Stream, command: Command) -> int:
        if not 1 <= len(arguments) <= 3 or not all(re.fullmatch(r"[-+]?\d{1,18}", text) for text in arguments):
            self.write("seq: invalid argument: the sandbox takes one to three whole numbers\n", "stderr")
            return 1
        numbers = [int(argument) for argument in arguments]
        first = numbers[0] if len(numbers) > 1 else 1
        step = numbers[1] if len(numbers) == 3 else 1
        if step == 0:
            self.write("seq: invalid Zero increment value: '0'\n", "stderr")
            return 1
        values = range(first, numbers[-1] + (1 if step > 0 else -1), step)
        if not command.to_file:
            self.write(NumberRange(values[:MAX_SEQUENCE_LENGTH]), stream)
            if len(values[: MAX_SEQUENCE_LENGTH + 1]) > MAX_SEQUENCE_LENGTH:
                self.write(f"sandbox: seq stops after {MAX_SEQUENCE_LENGTH} numbers\n", "stderr")
        return 0


Program = Callable[[Shell], int]
"""A program that the sandbox plays: it prints and waits through the shell and gives its exit code."""
FindProgram = Callable[[Sequence[str]], Program | None]
"""Finds the program that the words of a command start, or None."""


def _exit_code(text: str) -> int:
    return int(text) & 0xFF if re.fullmatch(r"\d{1,18}", text) else 2


def _unescape(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        if found[1]:
            return _ESCAPES.get(found[1], found[1])
        return chr(int(found[2], 8) & 0xFF) if found[2] else chr(int(found[3], 16))

    return _ESCAPE.sub(character, text)


def _echo(arguments: Sequence[str]) -> str:
    ends_line, escapes = True, False
    rest = list(arguments)
    while rest and re.fullmatch(r"-[neE]+", rest[0]):
        option = rest.pop(0)
        ends_line &= "n" not in option
        escapes = escapes or "e" in option
    text = " ".join(rest)
    return (_unescape(text) if escapes else text) + ("\n" if ends_line else "")


def _printf(arguments: Sequence[str]) -> str:
    if not arguments:
        return ""
    values = iter(arguments[1:])
    left = len(arguments) - 1
    uses = len([1 for found in _DIRECTIVE.finditer(arguments[0]) if found[4]])
    rounds = 1 if uses == 0 else max(1, min(-(-left // uses), MAX_COMMANDS))
    return "".join(_format(arguments[0], values) for _ in range(rounds))


def _format(template: str, values: Iterator[str]) -> str:
    def directive(found: re.Match[str]) -> str:
        if not found[4]:
            return "%"
        value = next(values, "")
        width = min(int(found[2] or 0), _MAX_FIELD_WIDTH)
        flags = "".join(sorted(set(found[1])))
        if found[4] in "scb":
            text = _unescape(value) if found[4] == "b" else value[:1] if found[4] == "c" else value
            text = text if found[3] is None else text[: int(found[3] or 0)]
            return text.ljust(width) if "-" in flags else text.rjust(width)
        precision = "" if found[3] is None else f".{min(int(found[3] or 0), _MAX_FIELD_WIDTH)}"
        try:
            number = float(value[:40] or 0) if found[4] in "feg" else int(value[:40] or 0)
        except ValueError:
            number = 0
        return f"%{flags}{width or ''}{precision}{found[4]}" % number

    return _unescape(_DIRECTIVE.sub(directive, template))

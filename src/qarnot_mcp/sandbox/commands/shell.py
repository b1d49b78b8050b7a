"""What a command line would print, how long it would take and how it would end; no command runs on this machine."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from posixpath import normpath, relpath
from typing import Literal

from qarnot_mcp.sandbox.commands.parser import Command, Pipeline, UnsupportedSyntaxError, expand_word, read_script

Stream = Literal["stdout", "stderr"]

MAX_COMMANDS = 500
"""Simple commands that one instance runs before it is stopped."""
MAX_OUTPUTS = 1500
"""Pieces of text that one instance prints or writes into files."""
MAX_TEXT_LENGTH = 65_536
"""Characters that one instance prints or writes into files, numbers of `seq` apart."""
MAX_EXPANDED_LENGTH = 4 * MAX_TEXT_LENGTH
"""Characters of the values of variables that the commands of one instance use."""
MAX_SEQUENCE_LENGTH = 1_000_000
"""Numbers that one `seq` prints."""
MAX_RUN_SECONDS = 30 * 86400
"""Platform seconds that one attempt of an instance takes at most."""
ABILITIES = (
    "The sandbox runs no programs. It follows echo, printf, cat, seq, sleep, exit, true, false, VAR=value and "
    "sh -c '...', joined by ; && || | and redirected by >"
)
_MAX_VALUE_LENGTH = 2048
_MAX_DEPTH = 4

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_DURATION = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)([smhd]?)|(inf(?:inity)?)")
_DURATION_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DIRECTIVE = re.compile("%[%sdi]")
_ESCAPE = re.compile(r"\\([\\nrt])")
_ESCAPES = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The numbers of a `seq`, one on each line, not written out."""

    values: range

    def tail(self, max_length: int) -> str:
        """Return the last lines, at most about `max_length` characters of them."""
        if not self.values:
            return ""
        shortest = min(len(str(self.values[0])), len(str(self.values[-1]))) if 0 not in self.values else 1
        kept = self.values[-(max_length // (shortest + 1) + 1) :]
        return "\n".join(map(str, kept)) + "\n"


Content = str | NumberRange
Sink = Stream | list[Content]
"""Where a stream of a command goes: to a stream of the instance, or into a file or pipe."""


@dataclass(frozen=True, slots=True)
class Output:
    """Something printed, `at_seconds` after the start of the attempt."""

    at_seconds: float
    stream: Stream
    content: Content


@dataclass(slots=True)
class Run:
    """One attempt of one instance as it would go."""

    duration_seconds: float = 0.0
    exit_code: int = 0
    outputs: list[Output] = field(default_factory=list)
    peak_memory_mb: int = 0
    """0 when the command says nothing about it."""
    is_out_of_memory: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    """The files below `/job` that are new or changed, by their path there."""


class _Exit(Exception):  # noqa: N818 - no error, the end
    """The command line ends here."""


class _Stopped(_Exit):
    """The instance ends here, as it reached a bound."""


class Shell:
    """Follows a command line with the variables of one instance."""

    def __init__(
        self, variables: Mapping[str, str], find_program: "FindProgram", inputs: Mapping[str, bytes] = {}
    ) -> None:
        self.run = Run()
        self._find_program = find_program
        self._variables = dict(variables)
        self._inputs = inputs
        self._files: dict[str, list[Content]] = {}
        self._sinks: dict[str, Sink] = {"stdout": "stdout", "stderr": "stderr"}
        self._stdin: list[Content] = []
        self._status = 0
        self._commands_left = MAX_COMMANDS
        self._outputs_left = MAX_OUTPUTS
        self._text_left = MAX_TEXT_LENGTH
        self._expanded_left = MAX_EXPANDED_LENGTH

    def follow(self, script: str) -> Run:
        """Return what the command line does, from its start to its end."""
        with suppress(_Exit):
            self._follow(script, 0)
        self.run.exit_code = self._status
        for path, content in self._files.items():
            if not path.startswith(("/", "../")) and path != "..":
                self.leave(path, "".join(_text(piece) for piece in content))
        return self.run

    def leave(self, path: str, content: str | bytes) -> None:
        """Leave a file below `/job` behind."""
        self.run.files[path] = content.encode(errors="replace") if isinstance(content, str) else content

    def lookup(self, name: str) -> str:
        """Return the value of a variable, empty when it has none."""
        value = str(self._status) if name == "?" else self._variables.get(name, "")
        self._expanded_left -= len(value)
        if self._expanded_left < 0:
            self._stop(f"its variables give more than {MAX_EXPANDED_LENGTH} characters")
        return value

    def wait(self, seconds: float) -> None:
        """Let the simulated time of this attempt pass."""
        self.run.duration_seconds = min(self.run.duration_seconds + seconds, MAX_RUN_SECONDS)

    def write(self, content: Content, stream: Stream = "stdout") -> None:
        """Print, as far as the bounds allow."""
        if not content or self._text_left <= 0 or self._outputs_left <= 0:
            return
        if isinstance(content, str):
            if len(content) > self._text_left:
                content = content[: self._text_left] + "\nsandbox: the output of this instance is cut here\n"
            self._text_left -= len(content)
        self._outputs_left -= 1
        sink = self._sinks[stream]
        if isinstance(sink, list):
            sink.append(content)
        else:
            self.run.outputs.append(Output(self.run.duration_seconds, sink, content))

    def _stop(self, reason: str) -> None:
        self._sinks["stderr"] = "stderr"
        self.write(f"sandbox: stopped: {reason}\n", "stderr")
        raise _Stopped

    def _fail(self, message: str, status: int) -> int:
        self.write(f"{message}\n", "stderr")
        return status

    def _follow(self, script: str, depth: int) -> None:
        try:
            pipelines = read_script(script)
        except UnsupportedSyntaxError as error:
            self._status = self._fail(f"sandbox: not simulated: {error}. {ABILITIES}", 2)
            return
        for pipeline in pipelines:
            if (pipeline.operator == "&&" and self._status) or (pipeline.operator == "||" and not self._status):
                continue
            self._pipeline(pipeline, depth)

    def _pipeline(self, pipeline: Pipeline, depth: int) -> None:
        outer, stdin = self._sinks, self._stdin
        for position, command in enumerate(pipeline.commands):
            is_last = position == len(pipeline.commands) - 1
            pipe: list[Content] = []
            try:
                self._sinks = self._redirected(command, dict(outer) if is_last else {**outer, "stdout": pipe})
                self._status = self._simple(command, depth)
            finally:
                self._sinks, self._stdin = outer, pipe
        self._stdin = stdin

    def _redirected(self, command: Command, sinks: dict[str, Sink]) -> dict[str, Sink]:
        special: dict[str, Sink] = {"/dev/stdout": "stdout", "/dev/stderr": "stderr", "/dev/null": []}
        for sign, word in command.redirections:
            target = expand_word(word, self.lookup) or ""
            if sign.endswith("&"):
                sink = sinks["stderr" if target == "2" else "stdout"]
            elif target in special:
                sink = special[target]
            else:
                path = _path(target)
                if not sign.endswith(">>"):
                    self._files[path] = []
                sink = self._files.setdefault(path, list(self._read(path) or ()))
            streams = ("stdout", "stderr") if sign[0] == "&" else ("stderr",) if sign[0] == "2" else ("stdout",)
            sinks.update(dict.fromkeys(streams, sink))
        return sinks

    def _simple(self, command: Command, depth: int) -> int:
        if self._commands_left <= 0:
            self._stop(f"it ran {MAX_COMMANDS} commands")
        self._commands_left -= 1
        words = list(command.words)
        while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
            value = expand_word(assignment[2], self.lookup) or ""
            self._variables[assignment[1]] = value[:_MAX_VALUE_LENGTH]
            words.pop(0)
        expanded = [text for word in words if (text := expand_word(word, self.lookup)) is not None]
        return self._start(expanded, depth) if expanded else 0

    def _start(self, words: Sequence[str], depth: int) -> int:
        arguments = words[1:]
        match words[0].removeprefix("/usr").removeprefix("/bin/"):
            case "echo":
                self.write(_echo(arguments))
            case "printf":
                return self._printf(arguments)
            case "cat":
                return self._cat(arguments)
            case "seq":
                return self._seq(arguments)
            case "sleep":
                return self._sleep(arguments)
            case "exit":
                self._status = _exit_code(arguments[0]) if arguments else self._status
                raise _Exit
            case "false":
                return 1
            case "sh" | "bash" | "dash" if len(arguments) > 1 and arguments[0] in ("-c", "-lc"):
                return self._nested(arguments[1], depth)
            case "true" | ":":
                pass
            case _:
                program = self._find_program(words)
                return self._not_simulated(words) if program is None else program(self)
        return 0

    def _not_simulated(self, words: Sequence[str]) -> int:
        return self._fail(f"sandbox: not simulated: {' '.join(words)[:200]}. {ABILITIES}", 127)

    def _nested(self, script: str, depth: int) -> int:
        if depth >= _MAX_DEPTH:
            return self._fail("sandbox: too many shells inside shells", 1)
        self._status = 0
        try:
            self._follow(script, depth + 1)
        except _Stopped:
            raise
        except _Exit:
            pass
        return self._status

    def _printf(self, arguments: Sequence[str]) -> int:
        template, *values = arguments or [""]
        directives = _DIRECTIVE.findall(template)
        if "%" in _DIRECTIVE.sub("", template):
            return self._not_simulated(["printf", *arguments])
        uses = len(directives) - directives.count("%%")
        left = iter(values)
        for _ in range(-(-len(values) // uses) or 1 if uses else 1):
            text = _DIRECTIVE.sub(lambda found: "%" if found[0] == "%%" else next(left, ""), _unescape(template))
            self.write(text)
        return 0

    def _cat(self, paths: Sequence[str]) -> int:
        status = 0
        for path in paths or ("-",):
            content = self._stdin if path == "-" else self._read(_path(path))
            if content is None:
                status = self._fail(f"cat: {path[:200]}: No such file or directory", 1)
            for piece in list(content or ()):
                self.write(piece)
        return status

    def _read(self, path: str) -> list[Content] | None:
        content = self._files.get(path)
        if content is None and path in self._inputs:
            return [self._inputs[path].decode(errors="replace")]
        return content

    def _sleep(self, arguments: Sequence[str]) -> int:
        durations = [_DURATION.fullmatch(argument) for argument in arguments]
        if not durations or None in durations:
            return self._fail("sleep: invalid time interval", 1)
        for duration in durations:
            if duration is not None:
                is_endless = duration[3] is not None
                self.wait(MAX_RUN_SECONDS if is_endless else float(duration[1]) * _DURATION_UNITS[duration[2]])
        return 0

    def _seq(self, arguments: Sequence[str]) -> int:
        if not 1 <= len(arguments) <= 3 or not all(re.fullmatch(r"[-+]?\d{1,18}", text) for text in arguments):
            return self._fail("seq: invalid argument: the sandbox takes one to three whole numbers", 1)
        numbers = [int(argument) for argument in arguments]
        first = numbers[0] if len(numbers) > 1 else 1
        step = numbers[1] if len(numbers) == 3 else 1
        if step == 0:
            return self._fail("seq: invalid Zero increment value: '0'", 1)
        values = range(first, numbers[-1] + (1 if step > 0 else -1), step)
        self.write(NumberRange(values[:MAX_SEQUENCE_LENGTH]))
        if len(values[: MAX_SEQUENCE_LENGTH + 1]) > MAX_SEQUENCE_LENGTH:
            self._fail(f"sandbox: seq stops after {MAX_SEQUENCE_LENGTH} numbers", 0)
        return 0


Program = Callable[[Shell], int]
"""A program that the sandbox plays: it prints and waits through the shell and gives its exit code."""
FindProgram = Callable[[Sequence[str]], Program | None]
"""Finds the program that the words of a command start, or None."""


def _path(given: str) -> str:
    """Return a path below `/job`, or one that begins with `/` or `../`."""
    path = normpath(f"/job/{given}" if not given.startswith("/") else given)
    return relpath(path, "/job") if path.startswith("/job/") else path


def _text(content: Content) -> str:
    return content.tail(MAX_TEXT_LENGTH) if isinstance(content, NumberRange) else content


def _exit_code(text: str) -> int:
    return int(text) & 0xFF if re.fullmatch(r"\d{1,18}", text) else 2


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES[found[1]], text)


def _echo(arguments: Sequence[str]) -> str:
    rest = list(arguments)
    options = ""
    while rest and re.fullmatch("-[ne]+", rest[0]):
        options += rest.pop(0)
    text = " ".join(rest)
    return (_unescape(text) if "e" in options else text) + ("" if "n" in options else "\n")

"""What a command line would print, how long it would take and how it would end; no command runs on this machine."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import zip_longest
from posixpath import normpath, relpath

from qarnot_mcp.sandbox.commands.parser import Command, UnsupportedSyntaxError, expand_word, read_script
from qarnot_mcp.sandbox.commands.run import NumberRange, Output, Run, Stream

Sinks = dict[Stream, Stream | list[str]]
"""Where the streams of a command go: to one of the instance, or into a file or pipe."""

MAX_WORK = 262_144
"""Characters that one instance expands, prints and writes; a command counts for 512 and a piece of text for 128."""
MAX_NUMBERS = 1_000_000
"""Numbers that one `seq` prints."""
MAX_RUN_SECONDS = 30 * 86400
"""Platform seconds that one attempt of an instance takes at most."""
ABILITIES = (
    "The sandbox runs no programs. It follows echo, printf, cat, seq, sleep, exit, true, false, VAR=value and "
    "sh -c '...', joined by ; && || | and redirected by >"
)
_MAX_DEPTH = 4
_MAX_FILE_LENGTH = 65_536

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_DURATION = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)([smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DIRECTIVE = re.compile("%[%sdi]")
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\r": "\r", r"\t": "\t"}


class _Exit(Exception):  # noqa: N818 - no error, the end of one command line
    """The command line ends here."""


class _Stopped(Exception):  # noqa: N818
    """The instance ends here, as it reached the bound."""


class Shell:
    """Follows a command line with the variables of one instance."""

    def __init__(
        self, variables: Mapping[str, str], programs: "Mapping[str, Program]", inputs: Mapping[str, bytes] = {}
    ) -> None:
        self.run = Run()
        self._programs = programs
        self._variables = dict(variables)
        self._inputs = inputs
        self._files: dict[str, list[str]] = {}
        self._sinks: Sinks = {"stdout": "stdout", "stderr": "stderr"}
        self._stdin: list[str] = []
        self._status = 0
        self._depth = 0
        self._work_left = MAX_WORK

    def follow(self, script: str) -> Run:
        """Return what the command line does, from its start to its end."""
        with suppress(_Exit, _Stopped):
            self._follow(script)
        self.run.exit_code = self._status
        for path, content in self._files.items():
            if not path.startswith(("/", "../")) and path != "..":
                self.leave(path, "".join(content))
        return self.run

    def leave(self, path: str, content: str | bytes) -> None:
        """Leave a file below `/job` behind."""
        self.run.files[path] = content.encode(errors="replace") if isinstance(content, str) else content

    def lookup(self, name: str) -> str:
        """Return the value of a variable, empty when it has none."""
        value = str(self._status) if name == "?" else self._variables.get(name, "")
        self._spend(len(value))
        return value

    def write(self, content: str | NumberRange, stream: Stream = "stdout", after_seconds: float = 0) -> None:
        """Print once `after_seconds` of simulated time have passed, as far as the bound allows."""
        self.run.duration_seconds = min(self.run.duration_seconds + after_seconds, MAX_RUN_SECONDS)
        sink = self._sinks[stream]
        if isinstance(content, NumberRange) and isinstance(sink, list):
            content = content.tail(_MAX_FILE_LENGTH)[-_MAX_FILE_LENGTH:]
        kept = content if isinstance(content, NumberRange) else content[: self._work_left]
        if isinstance(sink, str):
            self.run.outputs += [Output(self.run.duration_seconds, sink, kept)] if kept else []
        elif isinstance(kept, str):
            sink.append(kept)
        self._spend(128 + (len(content) if isinstance(content, str) else 0))

    def _spend(self, characters: int) -> None:
        self._work_left -= characters
        if self._work_left < 0:
            message = f"sandbox: stopped: one instance handles {MAX_WORK} characters at most\n"
            self.run.outputs.append(Output(self.run.duration_seconds, "stderr", message))
            self._status = 1
            raise _Stopped

    def _fail(self, message: str, status: int) -> int:
        self.write(f"{message}\n", "stderr")
        return status

    def _follow(self, script: str) -> None:
        try:
            commands = read_script(script)
        except UnsupportedSyntaxError as error:
            self._status = self._not_simulated(str(error), 2)
            return
        outer, stdin, is_skipped = self._sinks, self._stdin, False
        for command, following in zip_longest(commands, commands[1:]):
            if command.operator != "|":
                self._stdin = stdin
                is_skipped = command.operator == ("||" if self._status == 0 else "&&")
            if is_skipped:
                continue
            pipe: list[str] = []
            is_piped = following is not None and following.operator == "|"
            try:
                self._sinks = self._redirected(command, {**outer, "stdout": pipe} if is_piped else dict(outer))
                self._status = self._simple(command)
            finally:
                self._sinks, self._stdin = outer, pipe
        self._stdin = stdin

    def _redirected(self, command: Command, sinks: Sinks) -> Sinks:
        for sign, word in command.redirections:
            target = expand_word(word, self.lookup) or ""
            stream: Stream = "stderr" if sign.startswith("2") else "stdout"
            if sign.endswith("&"):
                sinks[stream] = sinks["stderr" if target == "2" else "stdout"]
                continue
            path = _path(target)
            self._files[path] = sinks[stream] = list(self._read(path) or ()) if sign.endswith(">>") else []
        return sinks

    def _simple(self, command: Command) -> int:
        self._spend(512)
        words = list(command.words)
        while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
            self._variables[assignment[1]] = expand_word(assignment[2], self.lookup) or ""
            words.pop(0)
        expanded = [text for word in words if (text := expand_word(word, self.lookup)) is not None]
        return self._start(expanded) if expanded else 0

    def _start(self, words: Sequence[str]) -> int:
        name, *arguments = words
        match name.removeprefix("/usr").removeprefix("/bin/"), arguments:
            case "echo", ["-n", *rest]:
                self.write(" ".join(rest))
            case "echo", _:
                self.write(" ".join(arguments) + "\n")
            case "printf", [template, *values] if "%" not in _DIRECTIVE.sub("", template):
                self._printf(template, values)
            case "cat", _:
                return self._cat(arguments or ["-"])
            case "seq", _:
                return self._seq(arguments)
            case "sleep", [duration] if found := _DURATION.fullmatch(duration):
                self.write("", after_seconds=float(found[1]) * _UNIT_SECONDS[found[2]])
            case "sleep", ["infinity"]:
                self.write("", after_seconds=MAX_RUN_SECONDS)
            case "sleep", _:
                return self._fail("sleep: invalid time interval: the sandbox takes one, such as 90, 1.5m or 2h", 1)
            case "exit", _:
                self._status = _exit_code(arguments[0]) if arguments else self._status
                raise _Exit
            case "false", _:
                return 1
            case "true" | ":", _:
                return 0
            case "sh" | "bash", ["-c" | "-lc", script, *_]:
                return self._nested(script)
            case "python" | "python3", [file, *options] if program := self._programs.get(file):
                return program(self, options)
            case _:
                return self._not_simulated(" ".join(words)[:200], 127)
        return 0

    def _not_simulated(self, part: str, status: int) -> int:
        return self._fail(f"sandbox: not simulated: {part}. {ABILITIES}", status)

    def _nested(self, script: str) -> int:
        if self._depth == _MAX_DEPTH:
            return self._fail("sandbox: too many shells inside shells", 1)
        self._depth, self._status = self._depth + 1, 0
        with suppress(_Exit):
            self._follow(script)
        self._depth -= 1
        return self._status

    def _printf(self, template: str, values: Sequence[str]) -> None:
        text = re.sub(r"\\[\\nrt]", lambda found: _ESCAPES[found[0]], template)
        uses = len(_DIRECTIVE.findall(template.replace("%%", "")))
        left = iter(values)
        for _ in range(-(-len(values) // uses) or 1 if uses else 1):
            self.write(_DIRECTIVE.sub(lambda found: "%" if found[0] == "%%" else next(left, ""), text))

    def _cat(self, paths: Sequence[str]) -> int:
        status = 0
        for path in paths:
            content = self._stdin if path == "-" else self._read(_path(path))
            if content is None:
                status = self._fail(f"cat: {path[:200]}: No such file or directory", 1)
            else:
                self.write("".join(content))
        return status

    def _read(self, path: str) -> list[str] | None:
        if path not in self._files and path in self._inputs:
            return [self._inputs[path].decode(errors="replace")]
        return self._files.get(path)

    def _seq(self, arguments: Sequence[str]) -> int:
        if not 1 <= len(arguments) <= 3 or not all(re.fullmatch(r"[-+]?\d{1,18}", text) for text in arguments):
            return self._fail("seq: invalid argument: the sandbox takes one to three whole numbers", 1)
        numbers = [int(argument) for argument in arguments]
        first = numbers[0] if len(numbers) > 1 else 1
        step = numbers[1] if len(numbers) == 3 else 1
        if step == 0:
            return self._fail("seq: invalid Zero increment value: '0'", 1)
        values = range(first, numbers[-1] + (1 if step > 0 else -1), step)
        self.write(NumberRange(values[:MAX_NUMBERS]))
        return self._fail(f"sandbox: seq stops after {MAX_NUMBERS} numbers", 0) if values[MAX_NUMBERS:] else 0


Program = Callable[[Shell, Sequence[str]], int]
"""A program that the sandbox plays: it prints through the shell, is given its options and returns its exit code."""


def _path(given: str) -> str:
    """Return a path below `/job`, or one that begins with `/` or `../`."""
    path = normpath(f"/job/{given}" if not given.startswith("/") else given)
    return relpath(path, "/job") if path.startswith("/job/") else path


def _exit_code(text: str) -> int:
    return int(text) & 0xFF if re.fullmatch(r"\d{1,18}", text) else 2

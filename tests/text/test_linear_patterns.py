"""No pattern of the package takes more than linear time, whatever text it is given.

Patterns are found in the sources and in the modules, so that a new one cannot be forgotten: one that is made while the
server runs has to be listed here with examples.
"""

import ast
import importlib
import itertools
import pkgutil
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import qarnot_mcp
from qarnot_mcp.tools.failures.signatures import SIGNATURES
from qarnot_mcp.tools.logs.selection import InstanceTails, Tail
from qarnot_mcp.tools.profile_usage import WITHOUT_NETWORK
from qarnot_mcp.tools.submission.command_checks import _BEFORE, NETWORK_USES

SOURCE = Path(qarnot_mcp.__file__).parent
FUNCTIONS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
FROM_THE_START = {"match", "fullmatch"}
USE_OF_A_FUNCTION = re.compile(rf"\.\s*(?:{'|'.join(sorted(FUNCTIONS))})\b")

# Made at run time: where, and what they come to. What callers write is run by RE2 only, which takes linear time.
MADE_LATER: Mapping[str, tuple[str | bytes, ...]] = {
    "qarnot/tasks/logs.py": (rb"\\[^n]",),
    "sandbox/platform/expressions.py": (),
    "text/expressions.py": (rb"error", rb"(?m)^.*error.*$"),
    "tools/profile_usage.py": (WITHOUT_NETWORK,),
    "tools/submission/command_checks.py": tuple(_BEFORE + pattern for _, pattern, _ in NETWORK_USES),
    "tools/failures/signatures.py": tuple(
        text for row in SIGNATURES for text in (row.in_errors, row.in_log, row.only_profile) if text
    ),
    "tools/submission/file_arguments.py": (),
    "tools/logs/skim.py": (),
    "tools/logs/selection.py": (InstanceTails([0, 1, 23], 5, Tail(5))._prefix.pattern,),
}

SMALL, LARGE = 375, 1_500
# Four times the text may take four times as long; a quadratic pattern takes sixteen times.
GROWTH = 10.0
# Below these a measured time says nothing: a quadratic pattern takes a sixteenth for a quarter of the text.
NOTICEABLE_SECONDS = 0.0005
NOTICEABLE_SMALL_SECONDS = NOTICEABLE_SECONDS / 16
TRIES = 3
MOST_PIECES = 8


@dataclass(frozen=True)
class Module:
    """A module of the package: its path below it, itself, and what can use a pattern: its statements and every node."""

    path: str
    module: Any
    body: list[ast.stmt]
    nodes: list[ast.AST]


@dataclass(frozen=True)
class Found:
    """A pattern, where it stands, and whether it is only ever tried at the start of a text."""

    where: str
    pattern: "re.Pattern[str] | re.Pattern[bytes]"
    is_anchored: bool

    def run(self, text: str) -> None:
        """Try the pattern at every place of a text where it can be tried: `search` and `match` do no more than this."""
        given = text.encode("utf-8", "replace") if isinstance(self.pattern.pattern, bytes) else text
        pattern: Any = self.pattern
        if self.is_anchored:
            pattern.fullmatch(given)
        else:
            pattern.sub(given[:0], given)


@cache
def modules() -> list[Module]:
    """Return every module of the package."""
    found = []
    for info in pkgutil.walk_packages([str(SOURCE)], "qarnot_mcp."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        path = Path(module.__file__ or "")
        text = path.read_text()
        tree = ast.parse(text if USE_OF_A_FUNCTION.search(text) else "")
        found.append(Module(str(path.relative_to(SOURCE)), module, tree.body, list(ast.walk(tree))))
    return found


def uses_of_re(module: Module) -> Iterator[ast.Call]:
    """Yield the calls of `re` and `re2` that compile an expression."""
    for node in module.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FUNCTIONS:
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in ("re", "re2"):
                yield node


def methods_by_name() -> dict[str, set[str]]:
    """Return by which methods each name is used, in whatever module."""
    used: dict[str, set[str]] = {}
    for module in modules():
        for node in module.nodes:
            if isinstance(node, ast.Attribute) and node.attr in FUNCTIONS and isinstance(node.value, ast.Name):
                used.setdefault(node.value.id, set()).add(node.attr)
    return used


def is_at_module_level(call: ast.Call, module: Module) -> bool:
    return any(
        call is node
        for statement in module.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for node in ast.walk(statement)
    )


@cache
def all_patterns() -> list[Found]:
    """Return every pattern of the package; fails where one is made in a way that this does not find."""
    found: list[Found] = []
    used = methods_by_name()
    for module in modules():
        path = module.path
        for name, value in vars(module.module).items():
            if isinstance(value, re.Pattern):
                methods = used.get(name, set())
                found.append(Found(f"{path} {name}", value, bool(methods) and methods <= FROM_THE_START))
        for call in uses_of_re(module):
            assert isinstance(call.func, ast.Attribute)
            first = call.args[0]
            if is_at_module_level(call, module):
                continue
            if isinstance(first, ast.Constant) and isinstance(first.value, str | bytes):
                pattern: Any = re.compile(first.value)
                found.append(Found(f"{path}:{call.lineno}", pattern, call.func.attr in FROM_THE_START))
            else:
                assert path in MADE_LATER, f"{path}:{call.lineno} makes a pattern: list it in MADE_LATER with examples"
    for path, examples in MADE_LATER.items():
        for number, example in enumerate(examples):
            later: Any = re.compile(example, re.IGNORECASE | re.MULTILINE)
            found.append(Found(f"{path} made later {number}", later, False))
    unique = {(entry.pattern.pattern, entry.pattern.flags, entry.is_anchored): entry for entry in found}
    return list(unique.values())


def pieces_of(pattern: str) -> list[str]:
    """Return short texts that the parts of a pattern match, from its literals and classes."""
    literal = re.sub(r"\(\?[a-zA-Z]+\)|\(\?P?<?[=!:]?|\\b|\\B|\\A|\\Z|[{][\d,]+[}][+?]?|[*+?^$]+", " ", pattern)
    words = re.findall(r"[A-Za-z]{2,12}|-----BEGIN|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}", literal)
    characters = re.findall(r"[^\sA-Za-z0-9\\]", literal)
    decoded = [word.encode().decode("unicode_escape") if word.startswith("\\") else word for word in words]
    samples = ["a", "1", " ", "\n", "-", ".", '"', "\\", "\x9d", "é"]
    return list(dict.fromkeys([*decoded[: MOST_PIECES // 2], *characters, *samples]))[:MOST_PIECES]


def repeated(first: str, unit: str, size: int) -> str:
    return first + (unit * (size // len(unit) + 1))[:size] + "\0"


def texts_of(pieces: list[str]) -> Iterator[Callable[[int], str]]:
    """Yield ways to make a text of a given length that no pattern should like."""
    for piece in pieces:
        yield partial(repeated, "", piece)
    for first, second in itertools.permutations(pieces, 2):
        yield partial(repeated, "", first + second)
        yield partial(repeated, first, second)


def seconds_of(found: Found, text: str, noticeable_seconds: float) -> float:
    best = float("inf")
    for _ in range(TRIES):
        begun = time.thread_time()
        found.run(text)
        best = min(best, time.thread_time() - begun)
        if best < noticeable_seconds:
            break
    return best


def test_no_pattern_takes_more_than_linear_time() -> None:
    for found in all_patterns():
        assert_linear(found)


def assert_linear(found: Found) -> None:
    source = found.pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    for make in texts_of(pieces_of(text)):
        small = seconds_of(found, make(SMALL), NOTICEABLE_SMALL_SECONDS)
        if small >= NOTICEABLE_SMALL_SECONDS:
            large = seconds_of(found, make(LARGE), NOTICEABLE_SECONDS)
            assert large < max(GROWTH * small, NOTICEABLE_SECONDS), (
                f"{found.where} on {make(40)!r}: {small:.4f} s, then {large:.4f} s"
            )


def test_the_walk_finds_the_patterns_that_once_were_quadratic() -> None:
    names = " ".join(found.where for found in all_patterns())
    for name in ("_ESCAPE_SEQUENCES", "_VARYING", "_QUOTED", "_SHELL_SYNTAX", "made later"):
        assert name in names


@pytest.mark.parametrize(
    "once",
    [
        r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n\r]*(?:\x07|\x1b\\|\x9c)",
        r"\b(?=[0-9a-fA-F-]*\d)[0-9a-fA-F]{8}(?:[0-9a-fA-F-]*[0-9a-fA-F])?\b",
    ],
)
def test_a_quadratic_pattern_is_recognised(once: str) -> None:
    with pytest.raises(AssertionError, match="then"):
        assert_linear(Found("once", re.compile(once), is_anchored=False))

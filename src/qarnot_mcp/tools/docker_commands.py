"""Docker commands and images as constants name them: what a reader can tell about them without running anything."""

import re

# Words that only a shell gives a meaning; `${NAME}` is not among them, the platform fills it in itself.
_SHELL_SYNTAX = re.compile(
    r"^\s*(?:cd|export|source|set|exit|if|for|while|[A-Za-z_]\w*=\S*)(?=\s|$)|&&|\|\||[|;<>`]|\$\(|\n(?=[^\S\n]*\S)"
)
# A quote that nothing ends quotes the rest: looked at as if it were none, each of many would be read to the end.
_QUOTED = re.compile(r"'[^']*(?:'|\Z)|\"(?:[^\"\\]|\\.)*(?:\"|\\?\Z)", re.DOTALL)
_SHELL = re.compile(r"\s*(?:exec\s+)?(?:/\S*/)?(?:ba|da|z|k|a)?sh\s+(?:-\w+\s+)*-\w*c\b")


def starts_shell(command: str) -> bool:
    """Return whether a command runs a shell with a script in its arguments, as `sh -c '...'` does."""
    return _SHELL.match(command) is not None


def shell_syntax(command: str) -> str:
    """Return the first piece of shell syntax that stands outside quotes in a command that starts no shell, or ''."""
    if starts_shell(command):
        return ""
    found = _SHELL_SYNTAX.search(_QUOTED.sub("", command))
    if found is None:
        return ""
    name, equals, _ = found[0].strip().partition("=")
    return f"{name}{equals}" or "a second line"


def unclosed_quote(command: str) -> str:
    """Return the quote that is opened in a command and never closed, as a shell and Docker read it; '' for none."""
    opened, letters = "", iter(command)
    for letter in letters:
        if letter == "\\" and opened != "'":
            next(letters, None)
        elif not opened and letter in "'\"":
            opened = letter
        elif letter == opened:
            opened = ""
    return opened


def in_shell(command: str) -> str:
    """Return the same command inside `sh -c`."""
    escaped = command.replace("'", "'\\''")
    return f"sh -c '{escaped}'"

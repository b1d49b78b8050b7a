"""Source text made small for sending: comments and needless spaces go, everything else stays as it was written.

The scripts keep two rules that make this simple: every statement ends with a semicolon or a brace, and a division has
spaces around it, so that a slash before anything else begins a regular expression.
"""

import re

_TOKEN = re.compile(
    r"""
    (?P<comment>  //[^\n]* | /\*.*?\*/ )
  | (?P<text>     "(?:[^"\\\n]|\\.)*" | `(?:[^`\\]|\\.)*` )
  | (?P<pattern>  /(?![\s=]) (?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+ /[a-z]* )
  | (?P<word>     [\w$]+ )
  | (?P<space>    \s+ )
  | (?P<sign>     . )
    """,
    re.VERBOSE | re.DOTALL,
)
_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STYLE_ZERO = re.compile(r"(?<=[\s:,(])0(?=\.\d)")
_STYLE_SPACE = re.compile(r"\s*([{};,>])\s*|(:)\s+|\s+")


def compact_script(script: str) -> str:
    """Drops comments, spaces that part no words, and the last comma or semicolon before a bracket closes.

    Texts and regular expressions are left alone.
    """
    kept: list[str] = []
    is_parted, last_kind = False, ""
    for token in _TOKEN.finditer(script):
        kind = token.lastgroup or ""
        if kind in ("comment", "space"):
            is_parted = True
            continue
        if token[0] in ")]}" and kept and kept[-1] in (",;" if token[0] == "}" else ","):
            kept.pop()
        same_signs = kind == "sign" and kept[-1:] == [token[0]] and token[0] in "+-"
        if is_parted and (kind == last_kind == "word" or same_signs):
            kept.append(" ")
        kept.append(token[0])
        is_parted, last_kind = False, kind
        if _is_lone_parameter(kept):
            kept[-5:] = [kept[-4], "=", ">"]
    return "".join(kept)


def _is_lone_parameter(kept: list[str]) -> bool:
    """Whether these tokens end with an arrow after one name in parentheses, which then needs none."""
    match kept[-6:]:
        case [before, "(", name, ")", "=", ">"]:
            return name.isidentifier() and not before.isidentifier()
        case _:
            return False


def compact_style(style: str) -> str:
    """Drops the comments, the spaces around braces, commas, colons and semicolons, and zeros before a point."""
    bare = _STYLE_ZERO.sub("", _STYLE_COMMENT.sub("", style))
    spaced = _STYLE_SPACE.sub(lambda space: space[1] or space[2] or " ", bare)
    return spaced.replace(";}", "}").strip()

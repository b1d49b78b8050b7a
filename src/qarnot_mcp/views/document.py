"""The dashboard as one HTML document, joined from its source files.

The scripts are ES modules that an editor and a test runner understand as they are. A view may load nothing from
anywhere, so they become one script here: the imports go, the exports lose their keyword, and all names share a scope.
"""

import re
from functools import cache
from importlib.resources import files

from qarnot_mcp.views.compact import compact_script, compact_style

VIEW_URI = "ui://qarnot/tasks.html"

STYLES = ("theme.css", "page.css", "faces.css")

# Each module stands after those that it imports.
SCRIPTS = (
    "bridge.js",
    "words.js",
    "language.js",
    "elements.js",
    "states.js",
    "ranges.js",
    "polling.js",
    "phases.js",
    "instances.js",
    "log_lines.js",
    "submission.js",
    "parts.js",
    "confirmation.js",
    "tasks_face.js",
    "task_face.js",
    "log_face.js",
    "deeds.js",
    "looks.js",
    "handlers.js",
    "dashboard.js",
)

_IMPORT = re.compile(r"^import [^;]*;\n+", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |class |const |let )", re.MULTILINE)


@cache
def tasks_view(actions: bool = True) -> str:
    """Answers the dashboard; without `actions` it shows no way to abort, delete or run a task again."""
    page = read("page.html")
    for place, content in (
        ("/* styles */", "\n".join(compact_style(read(name)) for name in STYLES)),
        ("/* scripts */", "\n".join(compact_script(joinable(read(name))) for name in SCRIPTS)),
        ("{actions}", "on" if actions else "off"),
    ):
        page = page.replace(place, content)
    return page


def joinable(module: str) -> str:
    """Makes the text of an ES module one that can stand in a script with others."""
    return _EXPORT.sub("", _IMPORT.sub("", module))


def read(name: str) -> str:
    """Reads one source file of the dashboard."""
    return files("qarnot_mcp.views").joinpath(name).read_text(encoding="utf-8")

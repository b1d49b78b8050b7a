"""The dashboard as one HTML document, joined from its source files.

The scripts are ES modules that an editor and a test runner understand as they are. A view may load nothing from
anywhere, so they become one script here: the imports go, the exports lose their keyword, and all names share a scope.
"""

import re
from functools import cache
from importlib.resources import files

from qarnot_mcp.dashboard.minify import compact_script, compact_style

VIEW_URI = "ui://qarnot/tasks.html"

STYLES = ("theme.css", "page.css", "pages.css")

# Each module stands after those that it imports.
SCRIPTS = (
    "app/host.js",
    "i18n/messages.js",
    "i18n/language.js",
    "components/dom.js",
    "model/states.js",
    "model/ranges.js",
    "app/polling.js",
    "model/phases.js",
    "model/instance_bars.js",
    "model/log_lines.js",
    "model/resubmit.js",
    "components/controls.js",
    "components/confirm_dialog.js",
    "pages/task_list.js",
    "pages/task.js",
    "pages/log.js",
    "app/actions.js",
    "app/loaders.js",
    "app/handlers.js",
    "app/main.js",
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
    return files("qarnot_mcp.dashboard").joinpath(name).read_text(encoding="utf-8")

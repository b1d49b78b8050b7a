"""The dashboard as one HTML document, joined from its source files.

The scripts are ES modules that editors and test runners understand as they are. A view may load nothing, so they are
joined into one script: the imports go, the exports lose their keyword, and all names share one scope.
"""

import re
from functools import cache
from importlib.resources import files

VIEW_URI = "ui://qarnot/tasks.html"

STYLES = ("theme.css", "page.css", "pages.css")

# Each module comes after those that it imports.
SCRIPTS = (
    "app/host.js",
    "i18n/messages.js",
    "i18n/language.js",
    "components/dom.js",
    "model/states.js",
    "app/polling.js",
    "model/phases.js",
    "model/instance_bars.js",
    "model/log_lines.js",
    "model/resubmit.js",
    "model/files.js",
    "model/pipeline.js",
    "components/controls.js",
    "components/confirm_dialog.js",
    "components/list_page.js",
    "pages/task_list.js",
    "pages/task.js",
    "pages/log.js",
    "pages/files.js",
    "pages/jobs.js",
    "pages/job.js",
    "pages/pools.js",
    "app/account.js",
    "app/actions.js",
    "app/files.js",
    "app/lists.js",
    "app/loaders.js",
    "app/handlers.js",
    "app/main.js",
)

_IMPORT = re.compile(r"^import [^;]*;\n+", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |class |const |let )", re.MULTILINE)


@cache
def tasks_view(
    actions: bool = True, account: bool = False, storage: bool = False, jobs: bool = False, pools: bool = False
) -> str:
    """Return the dashboard; without `actions` it shows no way to change anything.

    With `account` its header tells the credits left and this week's carbon, by the tools of that set; with `storage`,
    `jobs` and `pools` it shows files, jobs with their pipelines, and pools by those of these.
    """
    page = read("page.html")
    for placeholder, content in (
        ("/* styles */", "\n".join(compact(read(name)) for name in STYLES)),
        ("/* scripts */", "\n".join(joinable(read(name)) for name in SCRIPTS)),
        ("{actions}", "on" if actions else "off"),
        ("{account}", "on" if account else "off"),
        ("{storage}", "on" if storage else "off"),
        ("{jobs}", "on" if jobs else "off"),
        ("{pools}", "on" if pools else "off"),
    ):
        page = page.replace(placeholder, content)
    return page


def joinable(module: str) -> str:
    """Return the text of an ES module to join with others: no imports, no `export`, no comments, no indentation."""
    return _EXPORT.sub("", _IMPORT.sub("", compact(module)))


def compact(source: str) -> str:
    """Return a source without indentation and without comments that begin a line: both are for who reads it."""
    kept, is_comment = [], False
    for line in source.splitlines(keepends=True):
        text = line.lstrip(" ")
        is_comment = is_comment or text.startswith("/*")
        if not is_comment and not text.startswith("//"):
            kept.append(text)
        is_comment = is_comment and not text.rstrip().endswith("*/")
    return "".join(kept)


def read(name: str) -> str:
    """Return the text of one source file of the dashboard."""
    return files("qarnot_mcp.dashboard").joinpath(name).read_text(encoding="utf-8")

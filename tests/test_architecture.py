"""Who may import whom, read from the imports of every module: docs/architecture.md draws the same table."""

import ast
import re
from collections.abc import Mapping, Set
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "qarnot_mcp"
MAX_LINES = 400

MAY_IMPORT: Mapping[str, set[str]] = {
    "text": set(),
    "metrics": set(),
    "settings": set(),
    "dashboard": set(),
    "sandbox": set(),
    "qarnot": {"metrics", "text"},
    "auth": {"metrics", "qarnot", "settings", "text"},
    "tools": {"auth", "qarnot", "text"},
    "server": {"auth", "dashboard", "metrics", "qarnot", "settings", "text", "tools"},
    "web": {"auth", "dashboard", "qarnot", "server", "settings", "text", "tools"},
    "process": {"auth", "metrics", "qarnot", "server", "settings", "text", "web"},
    "doctor": {"auth", "process", "qarnot", "server", "settings", "text", "tools", "web"},
    "cli": {"doctor", "process", "sandbox", "settings", "web"},
}

MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.name != "__init__.py")


def dotted(module: Path) -> str:
    """Return the name of a module below the package, such as `qarnot.http.call`."""
    parts = module.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


BY_NAME = {dotted(module): module for module in MODULES}


@cache
def import_statements(module: Path) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports of a module, wherever they stand in it."""
    return [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]


@cache
def imports_of(module: Path) -> frozenset[str]:
    """Return the names of the modules of this package that a module imports, for type checking only or not."""
    names = set()
    for node in import_statements(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        else:
            assert node.level == 0, f"{module} imports by a relative name"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    ours = {name.removeprefix("qarnot_mcp.") for name in names if name.startswith("qarnot_mcp.")}
    return frozenset({name for name in ours if name in BY_NAME} - {dotted(module)})


def room_of(name: str) -> str:
    """Return the folder of a module; a module right below a package that has rooms stands for itself."""
    parts = name.split(".")
    return name if len(parts) < 3 else ".".join(parts[:-1])


def test_the_page_on_the_architecture_has_the_same_arrows() -> None:
    page = (SOURCE.parents[1] / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", page, re.MULTILINE)
    assert {package: set(re.findall(r"`(\w+)`", others)) for package, others in rows} == MAY_IMPORT


def assert_no_circle(graph: Mapping[str, Set[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


def test_a_module_imports_only_whom_it_may() -> None:
    for name, module in BY_NAME.items():
        package = name.partition(".")[0]
        imported = {each.partition(".")[0] for each in imports_of(module)} - {package}
        assert imported <= MAY_IMPORT[package], name


def test_no_files_import_each_other_in_a_circle() -> None:
    packages = {name for name, module in BY_NAME.items() if module.name == "__init__.py"}
    assert_no_circle({name: imports_of(module) - packages for name, module in BY_NAME.items()})


def test_no_rooms_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for name, module in BY_NAME.items():
        if module.name != "__init__.py":
            rooms = {room_of(known) for known in imports_of(module) if BY_NAME[known].name != "__init__.py"}
            graph.setdefault(room_of(name), set()).update(rooms - {room_of(name)})
    assert_no_circle(graph)


def test_only_the_http_room_imports_httpx() -> None:
    importing = [
        str(module.relative_to(SOURCE))
        for module in MODULES
        for node in import_statements(module)
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "httpx" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "httpx")
    ]
    assert importing == ["qarnot/http/transport.py"]


def test_a_module_is_short_enough_to_read_in_one_go() -> None:
    lines = {name: len(module.read_text().splitlines()) for name, module in BY_NAME.items()}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}

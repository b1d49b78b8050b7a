"""Who may know whom inside the package, read from the imports of every module."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "qarnot_mcp"

KNOWN_BY = {
    "qarnot": set[str](),
    "sandbox": set[str](),
    "views": set[str](),
    "settings": set[str](),
    "logbook": {"settings"},
    "telemetry": set[str](),
    "access": {"qarnot", "settings"},
    "tools": {"qarnot", "access"},
    "calls": {"qarnot", "tools"},
    "prompts": set[str](),
    "resources": {"qarnot", "tools"},
    "server": {"access", "calls", "prompts", "qarnot", "resources", "settings", "tools", "views"},
    "request_head": set[str](),
    "door": set[str](),
    "web": {"access", "door", "qarnot", "server", "settings", "tools"},
    "check": {"access", "qarnot", "settings"},
    "process": {"access", "qarnot", "request_head", "settings", "telemetry", "web"},
    "cli": {"check", "logbook", "process", "sandbox", "settings", "web"},
}


def parts_imported_by(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return {name.split(".")[1] for name in names if name.startswith("qarnot_mcp.")} - {"__version__"}


def part_of(module: Path) -> str:
    return module.relative_to(SOURCE).parts[0].removesuffix(".py")


MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.name != "__init__.py")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_knows_only_whom_it_may(module: Path) -> None:
    part = part_of(module)
    assert parts_imported_by(module) - {part} <= KNOWN_BY[part]


def test_only_the_transport_imports_httpx() -> None:
    importing = [
        str(module.relative_to(SOURCE))
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text()))
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "httpx" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "httpx")
    ]
    assert importing == ["qarnot/transport.py"]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_is_short_enough_to_read_in_one_go(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 300

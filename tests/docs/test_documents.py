"""The documents say what is true: their generated parts are those of the code, and their links lead somewhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from qarnot_mcp.server.app import INSTRUCTIONS
from qarnot_mcp.settings.model import Settings, variables_of
from qarnot_mcp.tools.registry import REGISTRY

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def load(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


generate = load(ROOT / "docs" / "generate.py")


def test_the_page_on_the_settings_is_that_of_the_code() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == generate.settings_page()


def test_the_table_has_a_row_for_every_setting() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    for field in Settings.model_fields:
        assert f"| `{variables_of(field)[0]}`" in page


def test_the_page_on_the_tools_is_that_of_the_code() -> None:
    assert (ROOT / "docs" / "tools.md").read_text() == generate.tools_page()


def test_the_snapshots_of_the_tool_sets_are_those_of_the_code() -> None:
    """Where this fails a model is given something else: look at the difference, then run `docs/generate.py`."""
    kept = {page.name: page.read_text() for page in generate.SNAPSHOTS.glob("*")}
    assert kept == generate.snapshots()


def test_the_readme_has_a_section_on_every_tool() -> None:
    sections = re.findall(r"^### (\w+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert list(REGISTRY.tools) == [name for name in sections if "_" in name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_instructions_fit_what_clients_show() -> None:
    assert len(INSTRUCTIONS) < 2048


def test_the_readme_says_what_old_tools_do_not_know() -> None:
    text = (ROOT / "README.md").read_text()
    assert "Docker Compose 2.24 or newer" in text  # `env_file` with `required`
    assert "pipx" in text or "astral.sh/uv" in text  # pip refuses on Debian 12 and Ubuntu 24.04 (PEP 668)
    assert (ROOT / ".python-version").read_text().strip() in ("3.11", "3.12", "3.13", "3.14")  # RE2 has no wheel above

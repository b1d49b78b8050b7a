"""The files that go to PyPI: complete, readable there, and the same name as the registries know."""

import json
import shutil
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from qarnot_mcp import __version__
from tests.support.processes import ROOT, finish

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed, so nothing can be built")
    folder = tmp_path_factory.mktemp("dist")
    done = finish(folder, uv, "build", "--quiet", "--out-dir", str(folder), str(ROOT))
    if done.returncode != 0 and "hatchling" in done.stderr:
        pytest.skip("the build backend cannot be fetched here")
    assert done.returncode == 0, done.stderr
    return folder


def test_twine_and_check_wheel_contents_find_nothing_wrong(built: Path) -> None:
    files = [str(file) for file in built.iterdir() if file.suffix in (".whl", ".gz")]
    assert len(files) == 2
    twine = finish(built, sys.executable, "-m", "twine", "check", "--strict", *files)
    assert twine.returncode == 0, twine.stdout + twine.stderr
    # W002: two `__init__.py` may be the same one line.
    wheel = finish(
        built,
        sys.executable,
        "-m",
        "check_wheel_contents",
        "--ignore",
        "W002",
        *map(str, built.glob("*.whl")),
    )
    assert wheel.returncode == 0, wheel.stdout + wheel.stderr


def test_the_metadata_tells_a_stranger_all_that_pypi_shows(built: Path) -> None:
    (file,) = built.glob("*.whl")
    with zipfile.ZipFile(file) as wheel:
        metadata = message_from_bytes(wheel.read(f"qarnot_mcp-{__version__}.dist-info/METADATA"))
    urls = {line.partition(",")[0] for line in metadata.get_all("Project-URL", [])}
    assert urls == {"Homepage", "Repository", "Documentation", "Changelog", "Issues"}
    pythons = {line.rpartition(" ")[2] for line in metadata.get_all("Classifier", []) if ":: Python :: 3." in line}
    assert pythons == {"3.11", "3.12", "3.13", "3.14"}
    # The MCP registry looks for its name in the description of the package.
    name = json.loads((ROOT / "server.json").read_text())["name"]
    assert f"mcp-name: {name}" in metadata.get_payload()


def test_the_source_distribution_builds_by_itself(built: Path) -> None:
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "main.py"} <= names
    assert not [name for name in names if name.startswith((".", "tests/", "uv.lock")) and name != ".gitignore"]


def test_the_wheel_holds_every_file_of_the_package(built: Path) -> None:
    package = ROOT / "src"
    files = {
        path.relative_to(package).as_posix()
        for path in (package / "qarnot_mcp").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert {"qarnot_mcp/dashboard/page.html", "qarnot_mcp/auth/oauth/sign_in/page.css"} <= files
    (wheel,) = built.glob("*.whl")
    assert files - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_the_wheel_runs_without_the_checkout(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    program = (
        "import sys, qarnot_mcp; from qarnot_mcp.cli import main; "
        "from qarnot_mcp.dashboard.document import tasks_view; "
        "print(qarnot_mcp.__file__); print(len(tasks_view())); main(['--version'])"
    )
    ended = finish(tmp_path, sys.executable, "-c", program, PYTHONPATH=str(tmp_path / "installed"))
    assert ended.returncode == 0, ended.stderr
    where, characters, version = ended.stdout.splitlines()
    assert Path(where).is_relative_to(tmp_path)
    assert int(characters) > 1000
    assert version == f"qarnot-mcp {__version__}"

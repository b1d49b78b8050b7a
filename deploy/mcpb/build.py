"""Build the bundle for Claude Desktop: `python deploy/mcpb/build.py dist` writes qarnot-mcp-<version>.mcpb there."""

import json
import sys
import zipfile
from pathlib import Path

from qarnot_mcp import __version__
from qarnot_mcp.tools.registry import REGISTRY

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ICON = ROOT / "src/qarnot_mcp/server/icons/qarnot.png"
# What `uv run --locked` needs, and nothing of the checkout beside it.
FILES = ("main.py", "pyproject.toml", "uv.lock", "README.md", "LICENSE")
UNCHANGING_DATE = (2026, 1, 1, 0, 0, 0)


def manifest() -> str:
    """Return the manifest with the version and the tools of the code."""
    document = json.loads((HERE / "manifest.json").read_text())
    default = next(toolset for toolset in REGISTRY.toolsets if toolset.name == "default")
    document["version"] = __version__
    document["tools"] = [{"name": entry.name} for entry in default.tools]
    return json.dumps(document, indent=2) + "\n"


def contents() -> dict[str, bytes]:
    """Return every file of the bundle by its name."""
    files = {
        "manifest.json": manifest().encode(),
        "icon.png": (ROOT / "src/qarnot_mcp/server/icons/qarnot.png").read_bytes(),
    }
    files |= {name: (ROOT / name).read_bytes() for name in FILES}
    sources = (ROOT / "src").rglob("*")
    return files | {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in sorted(sources)
        if path.is_file() and "__pycache__" not in path.parts
    }


def build(folder: Path) -> Path:
    """Write the bundle into a folder and return its path; the same sources give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / f"qarnot-mcp-{__version__}.mcpb"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents().items():
            entry = zipfile.ZipInfo(name, UNCHANGING_DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return bundle


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))

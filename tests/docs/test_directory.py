"""What docs/directory.md promises to reviewers."""

import re
import struct

from tests.support.processes import ROOT

DOCS = ROOT / "docs"
PAGE = (DOCS / "directory.md").read_text()


def test_the_screenshots_are_pngs_of_at_least_1000_pixels() -> None:
    pictures = re.findall(r"\]\((images/[^)]+)\)", PAGE)
    assert 3 <= len(pictures) <= 5
    for picture in pictures:
        head = (DOCS / picture).read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        assert struct.unpack(">I", head[16:20])[0] >= 1_000


def test_every_test_that_the_checklist_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+|test_\w+)`", PAGE)
    assert named
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for name in named:
        assert (ROOT / name).exists() if "/" in name else f"def {name}(" in sources, name

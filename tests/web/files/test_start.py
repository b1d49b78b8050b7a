"""A server whose callers never ask for a file loads nothing for files."""

import sys
from pathlib import Path

import pytest

from tests.support.processes import finish

PROGRAM = """
import sys
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.web.app import create_app
create_app(Settings(_env_file=None))
heavy = ("aiobotocore", "botocore", "aiohttp", "PIL", "qarnot_mcp.auth.oauth.sealing")
print([name for name in heavy if name in sys.modules])
"""


@pytest.mark.e2e
def test_a_start_loads_no_library_of_the_storage(tmp_path: Path) -> None:
    result = finish(tmp_path, sys.executable, "-c", PROGRAM)
    assert result.stdout.strip() == "[]", result.stderr

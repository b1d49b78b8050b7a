"""The command line, run in the process of the test: it starts in milliseconds, and ends where it says so itself."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from qarnot_mcp.cli import main
from tests.support.ports import free_port
from tests.support.processes import environment


@dataclass(frozen=True)
class Ended:
    """What a command has written, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class CommandLine:
    """Runs the command in a folder of its own, with the settings of a call and no others."""

    folder: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str, **settings: str) -> Ended:
        """Run the command until it ends."""
        self.patch.chdir(self.folder)
        for name in set(os.environ) - set(environment()):
            self.patch.delenv(name)
        # Another server on the port of the default would be what the command tells first.
        for name, value in {"QARNOT_MCP_PORT": str(free_port()), **settings}.items():
            self.patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        written = self.capture.readouterr()
        return Ended(int(ended.value.code or 0), written.out, written.err)

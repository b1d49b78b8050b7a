"""axe-core, which finds what makes a page hard to use for some people."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

AXE = "axe-core@4.14.1"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qarnot-mcp-tests" / AXE
INSTALL_SECONDS = 50


async def read_axe() -> str:
    """Return the script of axe-core, which npm brings once; skip the test where it cannot be had."""
    script = CACHE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("axe-core is not there and npm is not installed")
        CACHE.mkdir(parents=True, exist_ok=True)
        arguments = ("install", "--prefix", str(CACHE), "--no-save", "--no-audit", "--ignore-scripts", AXE)
        process = await asyncio.create_subprocess_exec(
            npm, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        try:
            _, complaint = await asyncio.wait_for(process.communicate(), INSTALL_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
            pytest.skip(f"npm did not bring axe-core within {INSTALL_SECONDS} s")
        if process.returncode:
            pytest.skip(f"npm could not bring axe-core: {complaint.decode(errors='replace')[-200:]}")
    return script.read_text(encoding="utf-8")

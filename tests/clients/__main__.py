"""Run the clients that are installed against the server on its sandbox, in mode `key` and in mode `oauth`.

    uv run python -m tests.clients [--install] [--folder FOLDER] [NAME ...]

`--install` puts the npm and PyPI packages of `clients.py` into FOLDER first. Prints one line for each client and mode,
as docs/connect.md has them; ends with status 1 if one of them failed.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
from fastmcp.exceptions import FastMCPError
from mcp import MCPError
from playwright.async_api import Error as PlaywrightError

from tests.clients.clients import CLIENTS, Client, NotHere, Place
from tests.support.processes import OAUTH, server_process

MODES = {"key": {}, "oauth": OAUTH}
SECONDS = 120
FAULTS = (
    *(AssertionError, OSError, TimeoutError, ValueError),
    *(httpx.HTTPError, FastMCPError, MCPError, PlaywrightError),
)


async def tried(client: Client, mode: str, place: Place) -> tuple[str, str]:
    """Return how a client fared in a mode: a word, and what was seen."""
    if mode not in client.modes:
        return "-", client.modes_missing
    try:
        async with server_process("--sandbox", **MODES[mode]) as server, asyncio.timeout(SECONDS):
            seen = await client.run(place, mode, server.url)
    except NotHere as reason:
        return "not tried", str(reason)
    except (
        AssertionError,
        OSError,
        TimeoutError,
        ValueError,
        httpx.HTTPError,
        FastMCPError,
        MCPError,
        PlaywrightError,
    ) as error:
        return "FAILED", " ".join(str(error).split())[-300:]
    return "ok", seen


def install(folder: Path) -> None:
    """Install what the clients need, each package by itself: one that cannot be had must not stop the others."""
    for package in dict.fromkeys(package for client in CLIENTS for package in client.npm):
        command = ["npm", "install", "--no-fund", "--no-audit", "--loglevel=error", "--ignore-scripts", package]
        done = subprocess.run([*command, "--prefix", str(folder)], check=False)
        print(f"{'installed' if done.returncode == 0 else 'NOT installed'}: {package}", flush=True)
    # The binary of Claude Code comes with its script.
    subprocess.run(["npm", "rebuild", "--prefix", str(folder), "@anthropic-ai/claude-code"], check=False)
    environment = folder / "python"
    subprocess.run(["uv", "venv", "--quiet", "--clear", str(environment)], check=False)
    packages = [package for client in CLIENTS for package in client.pypi]
    python = ["--python", str(environment / "bin" / "python")]
    subprocess.run(["uv", "pip", "install", "--quiet", *python, *packages], check=False)


async def main() -> int:
    """Try every client in both modes."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "qarnot-mcp-clients")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.install:
        install(options.folder)
    place = Place(options.folder)
    print("| client | version | mode | result | seen |\n|---|---|---|---|---|", flush=True)
    failed = False
    for client in CLIENTS:
        if options.names and not any(name.lower() in client.name.lower() for name in options.names):
            continue
        for mode in MODES:
            word, seen = await tried(client, mode, place)
            failed = failed or word == "FAILED"
            print(f"| {client.name} | {client.version(place)} | `{mode}` | {word} | {seen} |", flush=True)
    shutil.rmtree(place.home, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""Six windows of Claude Code that share one set of credentials refresh at once, ten times.

    uv run python -m tests.clients.windows [--folder FOLDER]

Each round makes the shared access token look expired and starts six processes that connect. Nobody must be signed out;
after the grace a refresh token of the first round ends the session. Takes two to four minutes.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from qarnot_mcp.auth.oauth.session_store import GRACE_SECONDS
from tests.clients.clients import Place, claude_code
from tests.support.processes import OAUTH, Program, running, server_process

WINDOWS = 6
ROUNDS = 10
NAME = "qarnot-oauth"


def credentials(place: Place, **changes: object) -> dict[str, Any]:
    """Return the entry of the server in the shared credentials, after changing it."""
    file = place.home / ".credentials.json"
    document = json.loads(file.read_text())
    (entry,) = document["mcpOAuth"].values()
    entry |= changes
    if changes:
        file.write_text(json.dumps(document))
    return dict(entry)


async def window(place: Place) -> str:
    """Start one window: it connects to all of its servers, and says how that went."""
    async with running(place.program("claude"), "mcp", "list", **place.environment) as listing:
        return await listing.end()


async def refreshed(server: Program, entry: dict[str, Any]) -> int:
    """Return the status of a refresh with these credentials."""
    fields = {"grant_type": "refresh_token", "refresh_token": entry["refreshToken"], "client_id": entry["clientId"]}
    async with httpx.AsyncClient() as http:
        return (await http.post(f"{server.origin}/token", data=fields)).status_code


async def main() -> int:
    """Run the rounds; end with status 1 if a window was signed out or the late token still works."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients.windows")
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "qarnot-mcp-clients")
    place = Place(parser.parse_args().folder)
    async with server_process("--sandbox", **OAUTH) as server:
        await claude_code(place, "oauth", server.url)
        first, began, connected = credentials(place), time.monotonic(), 0
        for number in range(1, ROUNDS + 1):
            before = credentials(place, expiresAt=1, accessToken="expired")["refreshToken"]
            said = await asyncio.gather(*(window(place) for _ in range(WINDOWS)))
            good = sum("Connected" in text for text in said)
            connected += good
            changed = credentials(place)["refreshToken"] != before
            print(f"round {number}: {good} of {WINDOWS} connected, refreshed: {changed}", flush=True)
        await asyncio.sleep(max(0.0, GRACE_SECONDS + 1 - (time.monotonic() - began)))
        late = await refreshed(server, first)
        after = await refreshed(server, credentials(place))
        print(f"the first refresh token after the grace: {late}; the current one after that: {after}")
    return 0 if connected == WINDOWS * ROUNDS and (late, after) == (400, 400) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

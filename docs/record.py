# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow>=11", "playwright>=1.55", "qarnot-mcp"]
#
# [tool.uv.sources]
# qarnot-mcp = { path = "..", editable = true }
# ///
"""Records the README's moving picture: a real session on the sandbox, played in the MCP Inspector's web page.

    uv run docs/record.py

uv reads what it needs from the head of this file; the project itself does without Pillow. A Chromium or Chrome and npm
have to be installed. The Inspector and the Node it needs are installed once into `~/.cache/qarnot-mcp-record`
(`XDG_CACHE_HOME` moves it).

The script starts the server on the sandbox and the Inspector beside it, works the page as a person would, and writes
`docs/images/session.webp` (lossless, and half the size of a GIF) and `docs/images/session.png` (the frame that tells
why a task failed). Nothing is edited: every frame is a screenshot.
"""

import contextlib
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

try:
    from PIL import Image
    from playwright.sync_api import FrameLocator, Page, ViewportSize, expect, sync_playwright
except ImportError as error:
    sys.exit(f"{error.name} is not installed. Run this as: uv run docs/record.py")

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qarnot-mcp-record"

INSPECTOR = "@modelcontextprotocol/inspector@2.12.0"
NODE = "node@24"

# The Inspector's page is cut below 1280 CSS pixels; at this scale they are 1152 of the picture, and drawn sharply.
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
SCALE = 0.9
MAX_BYTES = 1_500_000
START_SECONDS = 60
RUN_SECONDS = 90
TAB_MILLISECONDS = 700
LOOK_SECONDS = 3  # As often as the view of a running task asks for news.

# Seeded, so that the tasks are the same each time; slow enough that the three minutes of a hello-world can be watched.
SANDBOX = ["--sandbox", "--sandbox-seed", "7", "--sandbox-speed", "10"]

HELLO = {
    "name": "hello world",
    "profile": "docker-batch",
    "instance_count": 10,
    "constants": [
        {"key": "DOCKER_REPO", "value": "library/ubuntu"},
        {"key": "DOCKER_TAG", "value": "24.04"},
        {"key": "DOCKER_CMD", "value": "sh -c 'echo hello from ${INSTANCE_ID} of ${INSTANCE_COUNT}'"},
    ],
    "tags": ["demo"],
    "shortname": "hello-1",
}
FAILED = "orchard calibration"  # A task that the sandbox starts with.


class Recorder:
    """The frames recorded so far, each with how long it is shown."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.milliseconds: list[int] = []

    def shoot(self, milliseconds: int, *, settled: bool = True) -> None:
        """Take a frame, once two screenshots in a row are equal where the picture is to be at rest."""
        self.page.mouse.move(4, VIEWPORT["height"] // 2)  # Where it lights nothing up.
        shot = self.page.screenshot()
        for _ in range(20 if settled else 0):
            self.page.wait_for_timeout(150)
            before, shot = shot, self.page.screenshot()
            if before == shot:
                break
        self.frames.append(Image.open(io.BytesIO(shot)).convert("RGB"))
        self.milliseconds.append(milliseconds)

    def save(self) -> None:
        """Write the moving picture."""
        path = IMAGES / "session.webp"
        first, *rest = self.frames
        first.save(path, save_all=True, append_images=rest, duration=self.milliseconds, lossless=True, method=6)
        size = path.stat().st_size
        print(f"{path.name}: {len(self.frames)} frames, {sum(self.milliseconds) // 1000} s, {size:,} bytes")
        if size > MAX_BYTES:
            sys.exit(f"{path.name} is over {MAX_BYTES:,} bytes, too much for a README: record fewer frames.")

    def save_still(self) -> None:
        """Write the last frame as a still picture."""
        path = IMAGES / "session.png"
        self.frames[-1].save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


class Inspector:
    """The Inspector's page, worked as a person would."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.main = page.locator("main")

    def connect(self) -> None:
        """Connect to the one server that it knows."""
        # force: the drawn switch lies over the input that Playwright would click.
        self.page.get_by_role("switch").first.click(force=True)
        expect(self.page.get_by_text("Connected", exact=True)).to_be_visible()
        self.page.get_by_role("button", name="Close monitoring sidebar").click()

    def tab(self, name: str) -> None:
        """Go to one of the tabs at the top, and wait until it has moved into its place."""
        self.page.get_by_role("banner").get_by_text(name, exact=True).click()
        self.page.wait_for_timeout(TAB_MILLISECONDS)

    def choose(self, title: str, arguments: dict[str, Any]) -> None:
        """Choose a tool and write the arguments of its call."""
        self.main.get_by_role("button", name=title).first.click()
        self.main.get_by_role("switch", name="Edit as JSON").click(force=True)
        self.main.get_by_role("textbox", name="Arguments JSON").focus()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(json.dumps(arguments, indent=2))

    def execute(self) -> None:
        """Call the chosen tool and wait for its answer."""
        self.main.get_by_role("button", name="Execute Tool").click()
        expect(self.main.get_by_role("heading", name="Results")).to_be_visible(timeout=RUN_SECONDS * 1000)

    def open_app(self) -> FrameLocator:
        """Open the dashboard view of the chosen tool, which lies in a frame within a frame."""
        self.main.get_by_role("button", name="Open App").click()
        return self.page.frame_locator("main iframe").frame_locator("iframe")


def play(page: Page) -> Recorder:
    """Play the session: submit, watch it run, read the log, and find out why another task failed."""
    recorder, inspector = Recorder(page), Inspector(page)
    inspector.connect()
    recorder.shoot(1500)
    inspector.tab("Tools")
    recorder.shoot(1000)

    inspector.choose("submit_task", HELLO)
    recorder.shoot(3500)
    inspector.execute()
    recorder.shoot(2500)

    inspector.tab("Apps")
    inspector.choose("Get a task", {"task_uuid": HELLO["shortname"], "wait_seconds": 2})
    recorder.shoot(1500)
    view = inspector.open_app()
    watch(recorder, view)

    view.get_by_role("heading", name="Energy").scroll_into_view_if_needed()
    recorder.shoot(2500)
    view.get_by_role("button", name="Log", exact=True).click()
    expect(view.get_by_role("log")).to_contain_text("hello from 9 of 10")
    recorder.shoot(3000)

    view.get_by_role("button", name=str(HELLO["name"])).click()
    view.get_by_role("button", name="Tasks").click()
    expect(view.get_by_role("table")).to_be_visible()
    recorder.shoot(1500)
    view.get_by_role("button", name="Failed").click()
    expect(view.get_by_role("button", name=str(HELLO["name"]))).to_be_hidden()
    recorder.shoot(1500)
    view.get_by_role("button", name=FAILED).click()
    expect(view.get_by_role("heading", name="Why it failed")).to_be_visible()
    recorder.shoot(5000)
    recorder.save_still()

    uuid = view.locator("code").first.inner_text()
    inspector.tab("Tools")
    inspector.choose("get_task", {"task_uuid": uuid})
    inspector.execute()
    page.locator(".ace_line", has_text='"saved_percent"').first.scroll_into_view_if_needed()
    recorder.shoot(3500)
    return recorder


def watch(recorder: Recorder, view: FrameLocator) -> None:
    """Record the view of a running task until it has ended."""
    expect(view.get_by_role("heading", name="Timeline")).to_be_visible()
    ended = view.get_by_role("button", name="Delete")  # A task that still runs is aborted instead.
    deadline = time.monotonic() + RUN_SECONDS
    while not ended.is_visible():
        if time.monotonic() > deadline:
            sys.exit(f"The task did not end within {RUN_SECONDS} seconds.")
        recorder.shoot(700, settled=False)
        recorder.page.wait_for_timeout(LOOK_SECONDS * 1000)
    recorder.shoot(2000)


def find(*names: str, folder: Path | None = None) -> str:
    """Return the path of the first of these programs that is there, in the folder or among the installed ones."""
    for name in names:
        if path := shutil.which(name, path=folder):
            return path
    sys.exit(f"None of these programs was found: {', '.join(names)}. Install one of them.")


def install() -> tuple[str, Path]:
    """Return the paths of Node and of the Inspector's program, installed into the cache where they are missing."""
    modules = CACHE / "node_modules"
    program = modules / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"
    if not program.exists() or shutil.which("node", path=modules / ".bin") is None:
        CACHE.mkdir(parents=True, exist_ok=True)
        print(f"installing {INSPECTOR} and {NODE} into {CACHE} ...")
        npm = [find("npm"), "install", "--no-fund", "--no-audit", "--loglevel=error", "--prefix", str(CACHE)]
        subprocess.run([*npm, INSPECTOR, NODE], check=True)
    return find("node", folder=modules / ".bin"), program


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int, folder: str, environment: dict[str, str]) -> Iterator[None]:
    """Run a program in the folder for the time of the block, which begins when it listens on the port.

    The caller's settings of the server are left out: what is recorded is what everyone gets.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QARNOT_")}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=folder, env=inherited | environment, stdout=log, stderr=log)
        try:
            wait_until_listening(process, port, log)
            yield
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def wait_until_listening(process: subprocess.Popen[bytes], port: int, log: IO[bytes]) -> None:
    """Wait until the program accepts connections; ends with its log where it does not."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    log.seek(0)
    sys.exit(f"{process.args!r} does not listen on port {port}:\n{log.read().decode(errors='replace')}")


def main() -> None:
    """Start the server, the Inspector and the browser, play the session, and write the pictures."""
    browser = find("chromium", "chromium-browser", "google-chrome")
    node, program = install()
    token = secrets.token_hex(16)
    server_port, web_port, frame_port, origin_port = (free_port() for _ in range(4))
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = [sys.executable, str(ROOT / "main.py"), *SANDBOX, "--port", str(server_port)]
        stack.enter_context(running(server, server_port, folder, {}))
        catalog = Path(folder) / "servers.json"
        entry = {"type": "streamable-http", "url": f"http://127.0.0.1:{server_port}/mcp", "protocolEra": "modern"}
        catalog.write_text(json.dumps({"mcpServers": {"qarnot": entry}}))
        environment = {
            "HOST": "127.0.0.1",
            "CLIENT_PORT": str(web_port),
            "MCP_SANDBOX_PORT": str(frame_port),
            "MCP_APP_ORIGIN_PORT": str(origin_port),
            "MCP_AUTO_OPEN_ENABLED": "false",
            "MCP_INSPECTOR_API_TOKEN": token,
            "MCP_INSPECTOR_SECRET_STORE": "memory",
            "MCP_STORAGE_DIR": folder,
        }
        inspector = [node, str(program), "--web", "--catalog", str(catalog)]
        stack.enter_context(running(inspector, web_port, folder, environment))
        playwright = stack.enter_context(sync_playwright())
        chromium = stack.enter_context(playwright.chromium.launch(executable_path=browser))
        page = chromium.new_page(
            viewport=VIEWPORT, device_scale_factor=SCALE, color_scheme="light", reduced_motion="reduce", locale="en-GB"
        )
        page.goto(f"http://127.0.0.1:{web_port}/?MCP_INSPECTOR_API_TOKEN={token}")
        recorder = play(page)
    recorder.save()


if __name__ == "__main__":
    main()

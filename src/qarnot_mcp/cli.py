"""The command line: options, settings, and what runs with them."""

import argparse
import gc
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from qarnot_mcp import __version__

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from qarnot_mcp.settings.model import Settings

SANDBOX_KEY = "sandbox-key"
SANDBOX_URL = "http://sandbox.invalid"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="qarnot-mcp", description="Run and follow Qarnot computations from a conversation with a language model."
    )
    parser.add_argument("--version", action="version", version=f"qarnot-mcp {__version__}")
    parser.add_argument("--host", help="address to listen on (QARNOT_MCP_HOST)")
    parser.add_argument("--port", help="port to listen on (QARNOT_MCP_PORT)")
    parser.add_argument(
        "--stdio",
        action="store_true",
        help="serve the client that started this process over standard input and output, with QARNOT_API_KEY",
    )
    parser.add_argument(
        "--sandbox", action="store_true", help="serve a simulated Qarnot: no account, no key, no network"
    )
    parser.add_argument("--sandbox-speed", type=float, metavar="FACTOR", help="how much faster than real time it runs")
    parser.add_argument("--sandbox-seed", type=int, metavar="NUMBER", help="makes the simulation reproducible")
    parser.add_argument(
        "--check",
        action="store_true",
        help="check settings, API, clock, key, port, address, who can reach it, secret and store; end",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Start the server and serve until SIGTERM, or with `--stdio` until the client is gone.

    Ends with status 2 if a setting cannot be used, and with 1 if the address cannot be listened on.
    """
    # What a start makes stays: looking for garbage in it took a sixth of the time.
    gc.disable()
    try:
        start(parse(sys.argv[1:] if arguments is None else arguments))
    finally:
        gc.enable()


def start(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    if sys.flags.optimize > 1:
        fail("python -OO drops the descriptions of the tools: start it without -OO (-O is fine).", status=2)
    prepare_libraries()
    from qarnot_mcp.settings.fields import SettingsError
    from qarnot_mcp.settings.load import load_settings

    given = {name: value for name in ("host", "port") if (value := getattr(options, name)) is not None}
    if options.sandbox:
        # No key of the environment may reach the simulation, nor a call of the simulation the real API.
        given |= {"api_key": SANDBOX_KEY, "base_url": SANDBOX_URL}
    try:
        settings = load_settings(**given)
    except SettingsError as error:
        fail(str(error), status=1 if options.check else 2)
    from qarnot_mcp.process.log_setup import configure_logging

    configure_logging(settings)
    simulation = sandbox(options) if options.sandbox else None
    if options.check:
        raise SystemExit(examine(settings, simulation))
    from qarnot_mcp.process.serve import CannotListen, serve, serve_stdio

    try:
        (serve_stdio if options.stdio else serve)(settings, simulation)
    except SettingsError as error:
        fail(str(error), status=2)
    except CannotListen as error:
        fail(str(error), status=1)


def prepare_libraries() -> None:
    """Spare the start what the libraries would do for nothing; call it before FastMCP is imported."""
    from pydantic import BaseModel

    # FastMCP installs a log handler of its own when it is imported.
    os.environ["FASTMCP_LOG_ENABLED"] = "false"
    # httpx's command line, which brings a highlighter of code: httpx does without it where it cannot be imported.
    sys.modules.update(dict.fromkeys(("httpx._main", "httpx2._main")))  # type: ignore[arg-type]
    # The protocol alone has 500 models, of which one server uses fifty: each is built when it is used first.
    BaseModel.model_config["defer_build"] = True


def sandbox(options: argparse.Namespace) -> "ASGIApp":
    """Build the simulated Qarnot that the command line asks for."""
    from qarnot_mcp.sandbox.app import create_app
    from qarnot_mcp.sandbox.platform.platform import DEFAULT_SPEED, MAX_SPEED, MIN_SPEED

    speed = DEFAULT_SPEED if options.sandbox_speed is None else options.sandbox_speed
    if not MIN_SPEED <= speed <= MAX_SPEED:
        fail(f"--sandbox-speed is {speed:g}, which is not valid: give {MIN_SPEED:g} to {MAX_SPEED:,.0f}.", status=2)
    return create_app(speed=speed, seed=options.sandbox_seed, opens_storage=True)


def examine(settings: "Settings", simulation: "ASGIApp | None") -> int:
    """Print the findings of the doctor; return the exit status, 1 if something is wrong."""
    import asyncio

    from qarnot_mcp.doctor import findings
    from qarnot_mcp.web.app import open_transport

    async def printed() -> bool:
        good = True
        at_once = settings.model_copy(update={"retry_seconds": 0})
        async for finding in findings(settings, open_transport(at_once, simulation)):
            sys.stdout.write(f"{finding}\n")
            good = good and finding.good
        return good

    return 0 if asyncio.run(printed()) else 1


def fail(message: str, *, status: int) -> NoReturn:
    """End the process with one line on standard error."""
    sys.stderr.write(f"qarnot-mcp: {message}\n")
    raise SystemExit(status)

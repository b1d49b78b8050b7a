"""`python -m qarnot_mcp.sandbox`: a sandbox on a port, for the official SDK, the command line or curl."""

import argparse

import uvicorn

from qarnot_mcp.sandbox.app import create_app
from qarnot_mcp.sandbox.platform.platform import DEFAULT_SPEED, MAX_SPEED, MIN_SPEED


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; {MIN_SPEED:g} to {MAX_SPEED:,.0f} are possible")
    return speed


def main() -> None:
    """Serve a sandbox until it is interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m qarnot_mcp.sandbox",
        description="A local Qarnot with a simulated platform. Any key that begins with 'sandbox' is an account.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8900, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--speed", type=_speed, default=DEFAULT_SPEED, help="platform seconds in one second (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=None, help="makes the world repeatable (default: random)")
    arguments = parser.parse_args()
    url = f"http://{arguments.host}:{arguments.port}"
    print(f"A sandbox of Qarnot on {url} (key: sandbox-key). Nothing really runs.", flush=True)  # noqa: T201
    uvicorn.run(
        create_app(speed=arguments.speed, seed=arguments.seed),
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
    )


if __name__ == "__main__":
    main()

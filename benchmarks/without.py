"""`python -m benchmarks.without frozen_garbage --port N`: our server with one of its mechanisms left out."""

import gc
import sys

from qarnot_mcp.cli import main

if __name__ == "__main__":
    mechanism = sys.argv.pop(1)
    if mechanism != "frozen_garbage":
        raise SystemExit(f"{mechanism} is no mechanism of the server")
    gc.freeze = lambda: None
    main()

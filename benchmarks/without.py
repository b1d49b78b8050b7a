"""`python -m benchmarks.without frozen_garbage --port N`: our server with one of its mechanisms left out."""

import gc
import sys

from qarnot_mcp.cli import main

MECHANISMS = {"frozen_garbage": "freeze", "quiet_start": "disable"}

if __name__ == "__main__":
    mechanism = sys.argv.pop(1)
    if mechanism not in MECHANISMS:
        raise SystemExit(f"{mechanism} is no mechanism of the server: {', '.join(MECHANISMS)}")
    setattr(gc, MECHANISMS[mechanism], lambda: None)
    main()

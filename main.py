"""The way in for a checkout: `python main.py [--sandbox]`."""

from qarnot_mcp.cli import main

if __name__ == "__main__":
    main()

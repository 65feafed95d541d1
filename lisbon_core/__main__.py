"""`python -m lisbon_core` is the command `lisbon`."""

import sys

from lisbon_core.tools.cli import main

if __name__ == "__main__":
    sys.exit(main())

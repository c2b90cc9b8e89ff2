"""`raiden` and `python -m raiden`."""

from __future__ import annotations

import sys

from raiden.errors import RaidenError


def main() -> int:
    """Runs a command; errors of raiden's own are told without a traceback."""
    try:
        from raiden.cli import main as run

        run()
    except RaidenError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The command: `rehearse`, or `python -m rehearsal`. See cli.py."""

from __future__ import annotations

import sys

_EXIT_CODE_OF_SIGINT = 130


def main() -> int:
    """Its exit code. What is imported, is imported here: a Ctrl-C during it is no error either."""
    try:
        from rehearsal import cli
    except KeyboardInterrupt:  # before there is anything that had to be stopped
        return _EXIT_CODE_OF_SIGINT
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())

"""`python -m rehearsal`: see cli.py."""

from __future__ import annotations

import sys

_EXIT_CODE_OF_SIGINT = 130

if __name__ == "__main__":
    try:
        from rehearsal.cli import main
    except KeyboardInterrupt:  # before there is anything that had to be stopped
        sys.exit(_EXIT_CODE_OF_SIGINT)
    sys.exit(main())

"""`python -m pipeline.local`: see cli.py."""

from __future__ import annotations

import sys

from pipeline.local.cli import main

if __name__ == "__main__":
    sys.exit(main())

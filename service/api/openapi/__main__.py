"""`python -m service.api.openapi` writes the OpenAPI document, and promises to callers what is new in it.

The document is what the API serves. The contract, a copy of it among the tests, is what callers rely on: a change that
would break them is refused, and goes there only with `--accept-breaking-changes`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from service.api.openapi import document
from service.api.openapi.compatibility import breaking_changes
from service.api.runtime.routes import DOCUMENT

CONTRACT = Path(__file__).parents[3] / "tests" / "contracts" / "openapi.json"
HOW_TO_ACCEPT = (
    "Callers of the API rely on that: let old and new stand side by side until nobody uses the old. If the break is "
    "meant, `python -m service.api.openapi --accept-breaking-changes` makes it the new contract."
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m service.api.openapi", description=__doc__)
    parser.add_argument("--accept-breaking-changes", action="store_true", help="make them the new contract")
    accepts = parser.parse_args().accept_breaking_changes
    text = document.text()
    breaks = breaking_changes(json.loads(CONTRACT.read_text()), json.loads(text)) if CONTRACT.exists() else []
    if breaks and not accepts:
        sys.stderr.write("\n".join(["The API breaks its contract:", *breaks, HOW_TO_ACCEPT]) + "\n")
        return 1
    DOCUMENT.write_text(text, encoding="utf-8")
    CONTRACT.parent.mkdir(exist_ok=True)
    CONTRACT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

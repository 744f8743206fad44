"""Refuses to start Prod when what it would deploy is not what the release manager was shown.

usage: python3 -m pipeline.evidence.runtime.check --assembly cdk.out --stage Prod --digest SHA256 --way-back yes|no

What a rollback deploys was approved when it was released, and has served since: on the way back nothing is compared. It
needs nothing but Python, and must not deploy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.evidence.runtime.assembly import digest, read_stage
from pipeline.evidence.runtime.errors import EvidenceError


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.way_back == "yes":
        print(f"{options.stage} goes back to what has served before: that was approved then.")  # noqa: T201
        return 0
    try:
        found = digest(read_stage(options.assembly, options.stage))
    except EvidenceError as exc:
        sys.stderr.write(f"evidence: {exc}\n")
        return 1
    if found != options.digest:
        sys.stderr.write(
            f"evidence: what {options.stage} would deploy is not what was approved: its digest is {found}, and the "
            f"approved evidence is of {options.digest or 'nothing'}. Nothing was deployed. Find out who changed the "
            "pipeline's artifact in between, and release the commit anew.\n"
        )
        return 1
    print(f"{options.stage} deploys what was approved: digest {found}.")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="check")
    parser.add_argument("--assembly", type=Path, required=True)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--digest", required=True)
    parser.add_argument("--way-back", choices=("yes", "no"), required=True)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

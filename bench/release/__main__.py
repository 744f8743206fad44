"""`python -m bench.release`: this commit's release beside another's, by turns, medians, both figures and their ratio.

Hours for everything, so `--only` says what. Never a test. docs/performance.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence

from bench.processes import CommandFailed
from bench.release.rows import MEASUREMENTS, ROWS, Figures
from bench.release.sides import Side, commit_id, is_changed, sides
from bench.release.table import markdown, medians
from bench.terminal import load, positive, raise_on_signals, say

BASE = "f4d0208"
"""The commit that docs/performance.md compares with."""

THIS = "this commit"


def main() -> int:
    arguments = _parser().parse_args()
    raise_on_signals()
    try:
        commits = {arguments.against: commit_id(arguments.against), THIS: commit_id("HEAD")}
    except subprocess.CalledProcessError:
        sys.stderr.write(f"bench: {arguments.against} is no commit of this repository\n")
        return 2
    if is_changed():
        say("what is not committed is not measured")
    say(f"load before: {load()}")
    try:
        with sides(commits) as both:
            figures = _measure(both, arguments.only, arguments.repeat)
    except (CommandFailed, ValueError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    except KeyboardInterrupt:
        say("ended; nothing of it is left")
        return 130
    _show(arguments.against, commits[THIS], figures)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.release", description="Measures a release of HEAD beside one of another commit, by turns."
    )
    parser.add_argument("--against", default=BASE, metavar="COMMIT", help="the other commit (default: %(default)s)")
    parser.add_argument(
        "--only", nargs="+", choices=list(MEASUREMENTS), default=list(MEASUREMENTS), help="what to measure"
    )
    parser.add_argument(
        "--repeat", type=positive, default=3, metavar="N", help="medians of so many (default: %(default)s)"
    )
    return parser


def _measure(both: Sequence[Side], only: Sequence[str], repeat: int) -> dict[str, list[Figures]]:
    """By side, of each repetition; the sides take turns, so that a busy moment of the machine meets each."""
    figures: dict[str, list[Figures]] = {side.name: [] for side in both}
    for name, measurement in MEASUREMENTS.items():
        for number in range(repeat if name in only else 0):
            for side in both:
                say(f"{name} {number + 1}/{repeat}, {side.name}, load {load()}")
                found = measurement(side)
                figures[side.name].append(found)
                say(", ".join(f"{row}: {value:.2f} {ROWS[row].unit}" for row, value in found.items()))
    return figures


def _show(against: str, commit: str, figures: dict[str, list[Figures]]) -> None:
    table = markdown((against, commit[:7]), [medians(repetitions) for repetitions in figures.values()], ROWS)
    say(f"load after: {load()}")
    sys.stdout.write(
        f"{table}\n\n{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}.\n"
    )


if __name__ == "__main__":
    sys.exit(main())

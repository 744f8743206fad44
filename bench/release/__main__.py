"""`python -m bench.release`: this commit's release beside another's, by turns, medians, both figures and their ratio.

Hours for everything, so `--only` says what. Never a test. docs/performance.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.processes import CommandFailed
from bench.release.rows import MEASUREMENTS, ROWS, Figures
from bench.release.sides import Side, commit_id, is_changed, sides
from bench.release.table import markdown, medians

BASE = "f4d0208"
"""The commit that docs/performance.md compares with."""

THIS = "this commit"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    arguments = _parser().parse_args()
    for number in _SIGNALS:
        signal.signal(number, _end)
    try:
        commits = {arguments.against: commit_id(arguments.against), THIS: commit_id("HEAD")}
    except subprocess.CalledProcessError:
        sys.stderr.write(f"bench: {arguments.against} is no commit of this repository\n")
        return 2
    if is_changed():
        _say("what is not committed is not measured")
    _say(f"load before: {_load()}")
    try:
        with sides(commits) as both:
            figures = _measure(both, arguments.only, arguments.repeat)
    except (CommandFailed, ValueError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    except KeyboardInterrupt:
        _say("ended; nothing of it is left")
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
        "--repeat", type=_count, default=3, metavar="N", help="medians of so many (default: %(default)s)"
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 on")
    return int(text)


def _measure(both: Sequence[Side], only: Sequence[str], repeat: int) -> dict[str, list[Figures]]:
    """By side, of each repetition; the sides take turns, so that a busy moment of the machine meets each."""
    figures: dict[str, list[Figures]] = {side.name: [] for side in both}
    for name, measurement in MEASUREMENTS.items():
        for number in range(repeat if name in only else 0):
            for side in both:
                _say(f"{name} {number + 1}/{repeat}, {side.name}, load {_load()}")
                found = measurement(side)
                figures[side.name].append(found)
                _say(", ".join(f"{row}: {value:.2f} {ROWS[row].unit}" for row, value in found.items()))
    return figures


def _show(against: str, commit: str, figures: dict[str, list[Figures]]) -> None:
    table = markdown((against, commit[:7]), [medians(repetitions) for repetitions in figures.values()], ROWS)
    _say(f"load after: {_load()}")
    sys.stdout.write(
        f"{table}\n\n{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}.\n"
    )


def _load() -> str:
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def _say(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")
    sys.stderr.flush()


def _end(*_: object) -> None:
    """Once: what was started is being ended then, and must not be left half ended."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

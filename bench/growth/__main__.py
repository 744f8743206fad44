"""`python -m bench.growth`: what `rehearse plan` and `rehearse run` take for apps of 10, 30 and 100 stacks.

Never a test. docs/performance.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.growth.project import Growing, Size, make_project
from bench.growth.table import Taken, markdown, taken
from bench.processes import CommandFailed, Usage
from bench.terminal import load, positive, raise_on_signals, say

SIZES = (Size(10, 2), Size(30, 5), Size(100, 10))
WARMING = Size(1, 1)
"""Its run leaves the packages that every run needs."""


def main() -> int:
    arguments = _parser().parse_args()
    raise_on_signals()
    say(f"load before: {load()}")
    folder = Path(tempfile.mkdtemp(prefix="b-"))
    try:
        sizes = _measure(arguments.sizes, arguments.repeat, folder)
    except CommandFailed as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    except KeyboardInterrupt:
        say("ended; nothing of it is left")
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"load after: {load()}")
    sys.stdout.write(f"{markdown(sizes)}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.growth", description="Plans and runs generated apps of several sizes, by turns."
    )
    parser.add_argument(
        "--sizes", nargs="+", type=_size, default=SIZES, metavar="STACKSxSTAGES", help="default: 10x2 30x5 100x10"
    )
    parser.add_argument(
        "--repeat", type=positive, default=3, metavar="N", help="medians of so many (default: %(default)s)"
    )
    return parser


def _size(text: str) -> Size:
    stacks, _, stages = text.partition("x")
    size = Size(positive(stacks), positive(stages))
    if size.stages > size.stacks:
        raise argparse.ArgumentTypeError(f"'{text}' has stages without a stack")
    return size


def _measure(sizes: Sequence[Size], repeat: int, folder: Path) -> dict[Size, Taken]:
    cache = folder / "shared"
    say("the apps are synthesized, and one is run for the packages that all need")
    make_project(WARMING, folder / "warming", cache).release()
    projects = [make_project(size, folder / str(number), cache) for number, size in enumerate(sizes)]
    measured: dict[Size, list[tuple[Usage, Usage]]] = {size: [] for size in sizes}
    for number in range(repeat):
        for project in projects:
            measured[project.size].append(_once(project, f"{number + 1}/{repeat}"))
    return {size: taken(*zip(*pairs, strict=True)) for size, pairs in measured.items()}


def _once(project: Growing, which: str) -> tuple[Usage, Usage]:
    usages = project.plan(), project.release()
    words = " and ".join(f"{usage.seconds:.1f} s" for usage in usages)
    say(f"{which}, {project.size.stacks} stacks in {project.size.stages} stages: plan and run {words}, load {load()}")
    return usages


if __name__ == "__main__":
    sys.exit(main())

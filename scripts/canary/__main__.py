"""`make canary`: prints what the canaries of the cloud assembly (cdk.out) are worth, and exits 1 when one does not keep
what config.py promises. The Build has it write their odds, too, for the release evidence.

It must not compute: verdicts.py does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config import Configuration, configuration
from scripts.canary.gates import Unit, UnknownGate, read_units
from scripts.canary.mix import route_of_each_journey
from scripts.canary.promise import (
    BACKGROUNDS_PERCENT,
    UnknownCanary,
    broken_promises,
    healthy_stopped_percent,
    kinds,
)
from scripts.canary.promised_odds import as_json, promised_odds
from scripts.canary.route_table import render_routes, route_rows
from scripts.canary.table import curves, render, tables

TRAFFIC = (30, 60, 120, 600, 6000)
TRAFFIC_OF_ROUTES = (120, 600)
RELEASES = 2000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.canary", description="What the canaries are worth.")
    parser.add_argument("assembly", nargs="?", type=Path, default=Path("cdk.out"), help="the cloud assembly")
    parser.add_argument("--check", action="store_true", help="only say which promises of config.py are not kept")
    parser.add_argument("--odds", type=Path, metavar="FILE", help="write the odds at the promised traffic as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the odds into this file (.svg or .png)")
    options = parser.parse_args(arguments)
    try:
        units = read_units(options.assembly)
        if not units:
            return _failed(f"{options.assembly} has no canary. Synthesize first: make synth")
        values = configuration()
        if not options.check:
            _print_tables(units, values)
        if options.plot:
            _plot(units, options.plot)
        broken = broken_promises(units, values)
        if options.odds:
            options.odds.parent.mkdir(parents=True, exist_ok=True)
            options.odds.write_text(as_json(promised_odds(units, values)))
    except (UnknownGate, UnknownCanary) as error:
        return _failed(str(error))
    for sentence in broken:
        sys.stderr.write(f"config.py promises more than its canaries keep. {sentence}\n")
    return 1 if broken else 0


def _print_tables(units: list[Unit], values: Configuration) -> None:
    for title, rows in tables(kinds(units), TRAFFIC, releases=RELEASES, say=_progress):
        sys.stdout.write("\n".join(render(title, rows)) + "\n\n")
        sys.stdout.flush()
    for title, unit in kinds(units).items():
        if unit.routes:
            _progress(f"{title}, by route")
            of_routes = [
                row for per_minute in TRAFFIC_OF_ROUTES for row in route_rows(unit, per_minute, releases=RELEASES)
            ]
            sys.stdout.write("\n".join(render_routes(title, of_routes)) + "\n\n")
            sys.stdout.flush()
    for name, stage in (("Staging", values.staging), ("Prod", values.prod)):
        there = [unit for unit in units if unit.stage == name]
        healthy = ", ".join(
            f"{healthy_stopped_percent(there, stage.service, background):.2f} % (background {background:g} %)"
            for background in BACKGROUNDS_PERCENT
        )
        sys.stdout.write(f"{name}, all units together at the prober's traffic: healthy releases stopped {healthy}\n")


def _plot(units: list[Unit], file: Path) -> None:
    from scripts.canary.plot import draw_odds  # takes a second to load

    plotted = route_of_each_journey()
    panels = {}
    for title, unit in kinds(units).items():
        for name, route in ((title, None), *([(f"{title}: {plotted} alone", plotted)] if unit.routes else [])):
            _progress(f"drawing {name}")
            panels[name] = [curves(unit, per_minute, releases=RELEASES // 4, route=route) for per_minute in TRAFFIC]
    draw_odds(panels, file)
    sys.stdout.write(f"{file}\n")


def _failed(problem: str) -> int:
    sys.stderr.write(f"{problem}\n")
    return 2


def _progress(text: str) -> None:
    sys.stderr.write(f"  {text} …\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

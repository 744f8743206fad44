"""`make bench`: a bare boto3 function and the API's, side by side in one run, then those that are handed records.

Never a test: what a machine measures depends on what else it does. Ratios are worth more than milliseconds, and
differences below a fifth are noise. docs/performance.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from bench import table
from bench.consumers import CONSUMERS, Consumer, car_item
from bench.machine import Cloud, Machine, MeasuringFailed, cloud
from bench.measure import QUICK, THOROUGH, Effort, measure_api, measure_consumer
from bench.packages import Package, api_package, bare_package, our_package
from service.cars.settings import Setting
from service.packaging.bundling import BundlingFailed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures the functions beside bare boto3.")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: seconds, and more noise")
    arguments = parser.parse_args()
    began = time.monotonic()
    try:
        _run(QUICK if arguments.quick else THOROUGH)
    except (MeasuringFailed, BundlingFailed) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    sys.stdout.write(
        f"\n{time.monotonic() - began:.0f} s on Python {sys.version.partition(' ')[0]}; no Lambda took part.\n"
    )
    return 0


def _run(effort: Effort) -> None:
    progress("packages (half a minute the first time)")
    packages = {"bare": bare_package(), "ours": api_package()}
    with cloud() as aws, tempfile.TemporaryDirectory() as folder:
        machines = {name: machine(name, package, aws, Path(folder)) for name, package in packages.items()}
        figures = measure_api(machines, effort, progress)
        sizes = {name: package.size for name, package in packages.items()}
        consumers = {
            consumer.unit: measure_consumer(
                consumer,
                consumer_machine(consumer, aws, Path(folder)),
                effort,
                progress,
            )
            for consumer in CONSUMERS
        }
    progress("")
    sys.stdout.write(f"{table.ratio_table(table.rows(figures, sizes))}\n\n")
    sys.stdout.write(f"{table.consumer_table(consumers)}\n")


def machine(name: str, package: Package, aws: Cloud, folder: Path) -> Machine:
    """One on which every setting has a value; what it writes is its own, for its tables have its name."""
    return Machine(package, aws, folder / name, {setting.value: f"{name}-{setting.value}" for setting in Setting})


def consumer_machine(consumer: Consumer, aws: Cloud, folder: Path) -> Machine:
    """One on which the cars that the records tell of are in the table."""
    for number in range(consumer.batch_size):
        aws.put_item(f"{consumer.unit}-{Setting.CARS_TABLE_NAME}", car_item(number))
    return machine(consumer.unit, our_package(consumer.handler, consumer.code), aws, folder)


def progress(what: str) -> None:
    """One line that is written over, on a terminal; a line each, in a log."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{what}")
    elif what:
        sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

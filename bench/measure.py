"""What is measured, and how: all variants by turns, so that a busy moment of the machine meets each of them.

Medians, for one slow moment says nothing. It must not judge, nor know where packages come from.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import events
from bench.consumers import Consumer
from bench.machine import Machine, MeasuredProcess, MeasuringFailed

Progress = Callable[[str], None]

CARS = 25
"""In each variant's table: more than a page of 20."""

OPERATIONS: dict[str, tuple[Callable[[str], events.Event], int]] = {
    "get": (events.get, 200),
    "create": (lambda car_id: events.create(), 201),
    "list 20": (lambda car_id: events.list_20(), 200),
}
"""Events of the operations by the id of a car that is there, and the status that answers them."""


@dataclass(frozen=True)
class Effort:
    cold_starts: int
    rounds: int
    calls: int
    """In each round."""


THOROUGH = Effort(cold_starts=9, rounds=15, calls=60)
QUICK = Effort(cold_starts=3, rounds=3, calls=20)


@dataclass(frozen=True)
class Figures:
    """Of one variant. Cold starts and calls by operation."""

    cold_seconds: Mapping[str, float]
    cpu_seconds: Mapping[str, float]
    rss_bytes: int


@dataclass(frozen=True)
class ConsumerFigures:
    batch_size: int
    records_per_second: float
    cpu_seconds_per_record: float
    rss_bytes: int


def measure_api(machines: Mapping[str, Machine], effort: Effort, progress: Progress) -> dict[str, Figures]:
    """By variant. Raises MeasuringFailed when one does not answer as it must."""
    car_ids = {name: _fill(machine) for name, machine in machines.items()}
    cold = _cold_starts(machines, car_ids, effort, progress)
    with contextlib.ExitStack() as processes:
        running = {name: processes.enter_context(machine.process()) for name, machine in machines.items()}
        cpu = _cpu(running, car_ids, effort, progress)
        rss = {name: process.rss_bytes() for name, process in running.items()}
    return {name: Figures(cold[name], cpu[name], rss[name]) for name in machines}


def _fill(machine: Machine) -> str:
    """Puts cars into the variant's table, as the variant itself writes them, and answers an id of one."""
    with machine.process() as process:
        for _ in range(CARS):
            created = answer(process, "create", "")
        car_id: str = json.loads(created["body"])["car_id"]
        for operation in OPERATIONS:
            answer(process, operation, car_id)
        page = json.loads(answer(process, "list 20", car_id)["body"])
    if len(page["cars"]) != 20:
        raise MeasuringFailed(f"A page of 20 cars has {len(page['cars'])}.")
    return car_id


def answer(process: MeasuredProcess, operation: str, car_id: str) -> dict[str, Any]:
    """The handler's answer to the operation. Raises MeasuringFailed when it is another than measuring assumes."""
    event, status = OPERATIONS[operation]
    answered: dict[str, Any] = process.invoke(event(car_id))
    if answered["statusCode"] != status:
        raise MeasuringFailed(f"{operation} was answered {answered['statusCode']}, not {status}: {answered['body']}")
    return answered


def _cold_starts(
    machines: Mapping[str, Machine], car_ids: Mapping[str, str], effort: Effort, progress: Progress
) -> dict[str, dict[str, float]]:
    taken: dict[str, dict[str, list[float]]] = {name: {"get": [], "create": []} for name in machines}
    for number in range(effort.cold_starts):
        progress(f"cold starts {number + 1}/{effort.cold_starts}")
        for operation in ("get", "create"):
            for name, machine in machines.items():
                event, _ = OPERATIONS[operation]
                with machine.process() as process:
                    taken[name][operation].append(process.cold_start_seconds(event(car_ids[name])))
    return _medians(taken)


def _cpu(
    running: Mapping[str, MeasuredProcess], car_ids: Mapping[str, str], effort: Effort, progress: Progress
) -> dict[str, dict[str, float]]:
    taken: dict[str, dict[str, list[float]]] = {name: {operation: [] for operation in OPERATIONS} for name in running}
    for number in range(-1, effort.rounds):
        progress("warming up" if number < 0 else f"warm calls {number + 1}/{effort.rounds}")
        for operation, (event, _) in OPERATIONS.items():
            for name, process in running.items():
                seconds = process.cpu_seconds(event(car_ids[name]), effort.calls)
                if number >= 0:
                    taken[name][operation].append(seconds)
    return _medians(taken)


def _medians(taken: Mapping[str, Mapping[str, list[float]]]) -> dict[str, dict[str, float]]:
    return {name: {what: median(times) for what, times in taken[name].items()} for name in taken}


def measure_consumer(consumer: Consumer, machine: Machine, effort: Effort, progress: Progress) -> ConsumerFigures:
    """Of one function that is handed records. Raises MeasuringFailed when it fails any."""
    batch_size = consumer.batch_size
    progress(f"batches of {batch_size} for {consumer.unit}")
    event = consumer.event(batch_size)
    calls = max(1, effort.calls // 10 if batch_size > 10 else effort.calls)
    with machine.process() as process:
        failed = (process.invoke(event) or {}).get("batchItemFailures", [])
        if failed:
            raise MeasuringFailed(f"{consumer.unit} failed {len(failed)} of {batch_size} records: its log says why.")
        wall = median(process.wall_seconds(event, calls) for _ in range(effort.rounds))
        cpu = median(process.cpu_seconds(event, calls) for _ in range(effort.rounds))
        return ConsumerFigures(batch_size, batch_size / wall, cpu / batch_size, process.rss_bytes())

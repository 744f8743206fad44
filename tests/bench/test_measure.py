"""The parts of `make bench` work: both functions answer alike, and the figures are put beside each other rightly.

How long anything takes is no test's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import events
from bench.__main__ import consumer_machine, machine
from bench.consumers import CONSUMERS, Consumer
from bench.machine import Cloud, Machine, MeasuringFailed, cloud
from bench.measure import ConsumerFigures, Effort, Figures, answer, measure_api, measure_consumer
from bench.packages import Size, api_package, bare_package
from bench.table import consumer_table, ratio_table, rows
from service.packaging.bundling import PROJECT

LEAST = Effort(cold_starts=1, rounds=1, calls=1)


def in_silence(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def aws() -> Iterator[Cloud]:
    with cloud() as running:
        yield running


@pytest.fixture(scope="module")
def machines(aws: Cloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Machine]:
    folder = tmp_path_factory.mktemp("machines")
    return {name: machine(name, make(), aws, folder) for name, make in (("bare", bare_package), ("ours", api_package))}


def test_both_functions_answer_the_same_cars(machines: dict[str, Machine]) -> None:
    cars = {}
    for name, running in machines.items():
        with running.process() as process:
            car = json.loads(answer(process, "create", "")["body"])
            got = json.loads(answer(process, "get", car["car_id"])["body"])
            (listed,) = json.loads(answer(process, "list 20", "")["body"])["cars"]
            cars[name] = {field: got[field] for field in events.CAR}
        assert got["car_id"] == listed["car_id"] == car["car_id"]

    assert cars["bare"] == cars["ours"] == events.CAR


def test_bare_function_refuses_what_is_not_valid(machines: dict[str, Machine]) -> None:
    with machines["bare"].process() as process:
        for body in ("", "[]", '{"model": "A"}', '{"model": "A", "year": "2024"}', '{"model": "A", "year": 1, "x": 1}'):
            assert process.invoke({**events.create(), "body": body})["statusCode"] == 422
        assert process.invoke(events.get("no such car"))["statusCode"] == 422
        assert process.invoke(events.get("none"))["statusCode"] == 404


def test_measuring_gives_figures_of_every_operation(machines: dict[str, Machine]) -> None:
    figures = measure_api(machines, LEAST, in_silence)

    assert figures.keys() == {"bare", "ours"}
    for found in figures.values():
        assert found.cold_seconds.keys() == {"get", "create"}
        assert found.cpu_seconds.keys() == {"get", "create", "list 20"}
        assert min(*found.cold_seconds.values(), *found.cpu_seconds.values()) > 0
        assert found.rss_bytes > 10_000_000


def test_function_that_answers_otherwise_is_not_measured(machines: dict[str, Machine]) -> None:
    with machines["bare"].process() as process, pytest.raises(MeasuringFailed, match="404, not 200"):
        answer(process, "get", "none")


def test_function_that_raises_is_not_measured(machines: dict[str, Machine], capfd: pytest.CaptureFixture[str]) -> None:
    with machines["bare"].process() as process, pytest.raises(MeasuringFailed, match="traceback is above"):
        process.invoke({})
    assert "KeyError: 'httpMethod'" in capfd.readouterr().err


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.unit)
def test_consumer_takes_every_record_of_its_sample_batch(consumer: Consumer, aws: Cloud, tmp_path: Path) -> None:
    figures = measure_consumer(consumer, consumer_machine(consumer, aws, tmp_path), LEAST, in_silence)

    assert len(consumer.event(consumer.batch_size)["Records"]) == figures.batch_size == consumer.batch_size
    assert figures.records_per_second > 0
    assert figures.cpu_seconds_per_record > 0


def test_cars_that_records_tell_of_are_in_the_table(aws: Cloud, tmp_path: Path) -> None:
    (consumer,) = (consumer for consumer in CONSUMERS if consumer.unit == "maintenance")
    consumer_machine(consumer, aws, tmp_path)

    told = [json.loads(record["body"])["car_id"] for record in consumer.event(consumer.batch_size)["Records"]]
    items = aws.items("maintenance-CARS_TABLE_NAME")

    assert sorted(item["car_id"]["S"] for item in items) == sorted(told)


def test_ours_is_put_beside_the_base_with_ratios_and_aims() -> None:
    figures = {
        "bare": Figures({"get": 0.2, "create": 0.2}, {"get": 0.001, "create": 0.001, "list 20": 0.002}, 50_000_000),
        "ours": Figures({"get": 0.1, "create": 0.3}, {"get": 0.0011, "create": 0.001, "list 20": 0.002}, 60_000_000),
    }
    table = rows(figures, {"bare": Size(26_000_000, 18_000_000), "ours": Size(18_000_000, 6_300_000)})

    assert ratio_table(table).splitlines()[2:] == [
        "Cold start, first answer to get         200 ms    100 ms   0.50    ≤ 1.08",
        "Cold start, first answer to create      200 ms    300 ms   1.50    ≤ 1.08",
        "Processor time, get                   1,000 µs  1,100 µs   1.10    ≤ 1.25",
        "Processor time, create                1,000 µs  1,000 µs   1.00    ≤ 1.30",
        "Processor time, list 20               2,000 µs  2,000 µs   1.00    ≤ 1.35",
        "Memory (RSS)                           50.0 MB   60.0 MB   1.20",
        "Package, zipped                        18.0 MB    6.3 MB   0.35  ≤ 6.0 MB",
        "Package, unzipped                      26.0 MB   18.0 MB   0.69",
    ]


def test_units_with_a_consumer_are_there_and_their_figures_have_a_line_each() -> None:
    for consumer in CONSUMERS:
        assert (PROJECT / "service" / consumer.unit / "runtime" / "handler.py").exists()
    table = consumer_table({"changes": ConsumerFigures(100, 4000.4, 0.00012, 54_000_000)})

    assert table.splitlines()[2].split() == ["changes", "100", "4,000", "120", "54.0"]

"""Which samples a metric has in which period."""

from __future__ import annotations

import threading

from rehearsal.aws.cloudwatch.metric_store import MetricId, MetricStore, Window, metric_id

ACCOUNT, REGION = "222222222222", "eu-west-1"
START = 1_800_000_000


def _metric(name: str = "Errors", account: str = ACCOUNT, **dimensions: str) -> MetricId:
    return metric_id(account, REGION, "AWS/Lambda", name, dimensions)


def _counts(store: MetricStore, metric: MetricId, window: Window, unit: str | None = None) -> list[float]:
    return [samples.count for samples in store.read(metric, window, unit=unit)]


def test_dimensions_in_any_order_are_the_same_metric() -> None:
    assert _metric(FunctionName="cars", Resource="cars:live") == _metric(Resource="cars:live", FunctionName="cars")


def test_metric_is_one_exact_set_of_dimensions_in_one_account() -> None:
    store = MetricStore()
    store.put(_metric(FunctionName="cars", Resource="cars:live"), 1.0, at=START)

    window = Window(START, 60, 1)
    assert _counts(store, _metric(FunctionName="cars"), window) == [0]
    assert _counts(store, _metric(FunctionName="cars", Resource="cars:live", account="333333333333"), window) == [0]
    assert _counts(store, _metric(FunctionName="cars", Resource="cars:live"), window) == [1]


def test_sample_belongs_to_the_minute_that_it_was_taken_in() -> None:
    store = MetricStore()
    for at in (START, START + 59.999, START + 60, START + 150):
        store.put(_metric(), 1.0, at=at)

    assert _counts(store, _metric(), Window(START, 60, 4)) == [2, 1, 1, 0]
    assert _counts(store, _metric(), Window(START - 60, 300, 1)) == [4]


def test_samples_of_a_unit_can_be_read_apart() -> None:
    store = MetricStore()
    store.put(_metric(), 1.0, at=START, unit="Count")
    store.put(_metric(), 2.0, at=START, unit="Percent")
    store.put(_metric(), 3.0, at=START)

    window = Window(START, 60, 1)
    assert _counts(store, _metric(), window) == [3]
    assert _counts(store, _metric(), window, unit="Count") == [1]
    assert _counts(store, _metric(), window, unit="Bytes") == [0]


def test_samples_are_kept_for_fifteen_days() -> None:
    store = MetricStore()
    store.put(_metric(), 1.0, at=START)
    store.put(_metric(), 1.0, at=START + 15 * 86_400)
    kept = _counts(store, _metric(), Window(START, 60, 1))
    store.put(_metric(), 1.0, at=START + 15 * 86_400 + 60)

    assert kept == [1]
    assert _counts(store, _metric(), Window(START, 60, 1)) == [0]


def test_metrics_are_listed_by_account() -> None:
    store = MetricStore()
    store.put(_metric("Invocations"), 1.0, at=START)
    store.put(_metric("Errors"), 1.0, at=START)
    store.put(_metric("Errors", account="333333333333"), 1.0, at=START)

    assert [metric.name for metric in store.metrics(ACCOUNT, REGION)] == ["Errors", "Invocations"]


def test_no_sample_is_lost_between_threads() -> None:
    store = MetricStore()

    def put() -> None:
        for _ in range(500):
            store.put(_metric(), 1.0, at=START)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.read(_metric(), Window(START, 60, 1))[0].total == 2000

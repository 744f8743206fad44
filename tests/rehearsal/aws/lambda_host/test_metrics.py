from __future__ import annotations

import pytest

from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.lambda_host.metrics import ApiRoute, InvocationMetrics, dimension_sets
from tests.rehearsal.aws.lambda_host.local_aws import RecordingSink

CARS = FunctionArn("222222222222", "eu-west-1", "cars")
BY_NAME = {"FunctionName": "cars"}


@pytest.mark.parametrize(
    ("function", "dimensions"),
    [
        (CARS, [BY_NAME]),
        (CARS.qualified("$LATEST"), [BY_NAME]),
        (CARS.qualified("7"), [BY_NAME, {**BY_NAME, "Resource": "cars:7"}]),
        (
            CARS.qualified("live"),
            [
                BY_NAME,
                {**BY_NAME, "Resource": "cars:live"},
                {**BY_NAME, "Resource": "cars:live", "ExecutedVersion": "7"},
            ],
        ),
    ],
)
def test_an_invocation_is_published_under_the_dimensions_of_how_it_was_invoked(
    function: FunctionArn, dimensions: list[dict[str, str]]
) -> None:
    assert list(dimension_sets(function, "7")) == dimensions


def test_a_failed_invocation_is_an_invocation_and_an_error() -> None:
    sink = RecordingSink()

    InvocationMetrics(sink).record_invocation(
        CARS, "$LATEST", is_error=True, duration_ms=12.5, concurrent=2, at=1_800_000_000
    )

    values = {sample.name: sample.value for sample in sink.samples}
    assert values == {"Invocations": 1, "Errors": 1, "Throttles": 0, "Duration": 12.5, "ConcurrentExecutions": 2}


@pytest.mark.parametrize(("status", "client_error", "server_error"), [(200, 0, 0), (404, 1, 0), (502, 0, 1)])
def test_an_api_request_counts_its_status_with_and_without_the_stage(
    status: int, client_error: int, server_error: int
) -> None:
    sink = RecordingSink()

    InvocationMetrics(sink).record_api_request(
        "222222222222", "eu-west-1", ApiRoute("ApiName", "cars", "prod"), status=status, latency_ms=5, at=0
    )

    for dimensions in ({"ApiName": "cars"}, {"ApiName": "cars", "Stage": "prod"}):
        assert sink.sum("Count", **dimensions) == 1
        assert sink.sum("4XXError", **dimensions) == client_error
        assert sink.sum("5XXError", **dimensions) == server_error
        assert sink.sum("Latency", **dimensions) == 5


def test_an_http_api_names_its_metrics_otherwise() -> None:
    assert ApiRoute("ApiId", "abc", "$default").error_metrics == ("4xx", "5xx")

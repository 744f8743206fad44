from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.event_sources.mapping import UNLIMITED, EventSourceMapping, parse_mapping, unsupported
from rehearsal.aws.lambda_host.function import FunctionArn

ACCOUNT, REGION = "222222222222", "eu-west-1"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/positions"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
ALIAS = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:telemetry:live"
OF_STREAM = {"EventSourceArn": STREAM, "FunctionName": ALIAS, "StartingPosition": "LATEST"}
OF_QUEUE = {"EventSourceArn": QUEUE, "FunctionName": ALIAS}


def parse(properties: dict[str, Any]) -> EventSourceMapping:
    return parse_mapping(properties, account=ACCOUNT, region=REGION)


def test_a_stream_has_lambdas_defaults() -> None:
    mapping = parse(OF_STREAM)

    assert mapping.function == FunctionArn(ACCOUNT, REGION, "telemetry", "live")
    assert (mapping.batch_size, mapping.batching_window_seconds, mapping.parallelization_factor) == (100, 0, 1)
    assert (mapping.maximum_retry_attempts, mapping.maximum_record_age_seconds) == (UNLIMITED, UNLIMITED)
    assert (mapping.bisects, mapping.reports_failures, mapping.destination_arn) == (False, False, None)
    assert mapping.is_enabled
    assert mapping.source_place == (ACCOUNT, REGION)


def test_a_queue_has_lambdas_defaults() -> None:
    mapping = parse(OF_QUEUE)

    assert (mapping.batch_size, mapping.maximum_concurrency) == (10, None)


def test_properties_are_read_as_cloudformation_hands_them_over() -> None:
    mapping = parse(
        {
            **OF_STREAM,
            "BatchSize": "50",
            "BisectBatchOnFunctionError": "true",
            "Enabled": "false",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MaximumRecordAgeInSeconds": "3600",
            "MaximumRetryAttempts": "5",
            "ParallelizationFactor": "2",
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
            "TumblingWindowInSeconds": "0",
        }
    )

    assert (mapping.batch_size, mapping.bisects, mapping.is_enabled, mapping.reports_failures) == (
        50,
        True,
        False,
        True,
    )
    assert (mapping.maximum_record_age_seconds, mapping.maximum_retry_attempts) == (3600, 5)
    assert (mapping.parallelization_factor, mapping.destination_arn) == (2, QUEUE)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("telemetry", FunctionArn(ACCOUNT, REGION, "telemetry")),
        ("telemetry:live", FunctionArn(ACCOUNT, REGION, "telemetry", "live")),
        (ALIAS, FunctionArn(ACCOUNT, REGION, "telemetry", "live")),
    ],
)
def test_a_function_is_named_as_aws_takes_it(name: str, function: FunctionArn) -> None:
    assert parse({**OF_STREAM, "FunctionName": name}).function == function


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"FilterCriteria": {"Filters": []}}, "FilterCriteria"),
        ({"TumblingWindowInSeconds": 30}, "TumblingWindowInSeconds"),
        ({"Topics": ["t"]}, "Topics"),
        ({"ProvisionedPollerConfig": {}}, "ProvisionedPollerConfig"),
        (
            {"EventSourceArn": "arn:aws:kafka:eu-west-1:1:cluster/c"},
            "EventSourceArn arn:aws:kafka:eu-west-1:1:cluster/c",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::bucket"}}},
            "DestinationConfig.OnFailure.Destination arn:aws:s3:::bucket",
        ),
    ],
)
def test_what_the_local_run_lacks_is_told_by_name(properties: dict[str, Any], name: str) -> None:
    assert list(unsupported({**OF_STREAM, **properties})) == [name]
    with pytest.raises(ValueError, match="not supported by the local run"):
        parse({**OF_STREAM, **properties})


def test_intrinsics_are_not_taken_for_something_unsupported() -> None:
    intrinsics = {"EventSourceArn": "<Stream.Arn>", "DestinationConfig": {"OnFailure": {"Destination": "<Queue.Arn>"}}}

    assert list(unsupported({**OF_STREAM, **intrinsics})) == []


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"EventSourceArn": STREAM, "FunctionName": ALIAS}, "StartingPosition is required"),
        ({**OF_STREAM, "ParallelizationFactor": 11}, "ParallelizationFactor is 11; allowed is 1 to 10"),
        ({**OF_STREAM, "MaximumRecordAgeInSeconds": 59}, "allowed is -1, or 60 to 604800"),
        ({**OF_STREAM, "BatchSize": 10_001}, "BatchSize is 10001"),
        ({**OF_QUEUE, "BatchSize": 11}, "MaximumBatchingWindowInSeconds has to be at least 1"),
        ({**OF_QUEUE, "ScalingConfig": {"MaximumConcurrency": 1}}, "allowed is 2 to 1000"),
        ({"FunctionName": ALIAS}, "EventSourceArn is missing"),
    ],
)
def test_what_aws_refuses_is_refused(properties: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(properties)

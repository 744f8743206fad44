"""An event source mapping as its template says it, and what of it the local run does not have, by name.

It must not call AWS. Source: AWS::Lambda::EventSourceMapping in the template reference (properties, defaults, limits).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.resource import as_bool, as_float, as_int

UNLIMITED = -1
_PROPERTIES = frozenset(
    {
        *("BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "Enabled", "EventSourceArn", "FunctionName"),
        *("FunctionResponseTypes", "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds"),
        *("MaximumRetryAttempts", "ParallelizationFactor", "ScalingConfig", "StartingPosition"),
        *("StartingPositionTimestamp", "Tags", "TumblingWindowInSeconds"),
    }
)
_REPLACING = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
_DESTINATIONS = ("sqs", "sns")
_PARTIAL = "ReportBatchItemFailures"


class SourceKind(StrEnum):
    """The service of an event source, as its ARN names it."""

    KINESIS = "kinesis"
    DYNAMODB = "dynamodb"
    SQS = "sqs"


_BATCH_SIZES = {SourceKind.KINESIS: (100, 10_000), SourceKind.DYNAMODB: (100, 10_000), SourceKind.SQS: (10, 10_000)}


@dataclass(frozen=True, kw_only=True)
class EventSourceMapping:
    """`function` is qualified as the template names it. `UNLIMITED` retries and ages are those of the stream itself.

    `maximum_concurrency` is None where a queue's invocations are not limited.
    """

    account: str
    region: str
    function: FunctionArn
    source_arn: str
    is_enabled: bool
    batch_size: int
    batching_window_seconds: float
    reports_failures: bool
    starting_position: str
    starting_timestamp: float | None
    maximum_retry_attempts: int
    maximum_record_age_seconds: int
    bisects: bool
    parallelization_factor: int
    destination_arn: str | None
    maximum_concurrency: int | None

    @property
    def kind(self) -> SourceKind:
        return SourceKind(self.source_arn.split(":")[2])

    @property
    def source_place(self) -> tuple[str, str]:
        """Account and region of the source."""
        _, _, _, region, account, _ = self.source_arn.split(":", 5)
        return account, region

    @property
    def source_name(self) -> str:
        """The name of the stream, the queue, or the table whose changes are streamed."""
        resource = self.source_arn.split(":", 5)[5]
        return resource.split("/")[1] if "/" in resource else resource


def unsupported(properties: Mapping[str, Any]) -> Iterator[str]:
    """The properties, by name, that the local run does not have; values may still be intrinsics."""
    yield from sorted(set(properties) - _PROPERTIES)
    if str(properties.get("TumblingWindowInSeconds", 0)) != "0":
        yield "TumblingWindowInSeconds"
    source = properties.get("EventSourceArn")
    if isinstance(source, str) and source.startswith("arn:") and source.split(":")[2] not in list(SourceKind):
        yield f"EventSourceArn {source}"
    destination = _destination(properties)
    if (
        isinstance(destination, str)
        and destination.startswith("arn:")
        and destination.split(":")[2] not in _DESTINATIONS
    ):
        yield f"DestinationConfig.OnFailure.Destination {destination}"


def is_replaced(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether such an update makes another mapping ("Update requires: Replacement")."""
    return any(old.get(name) != new.get(name) for name in _REPLACING)


def parse_mapping(properties: Mapping[str, Any], *, account: str, region: str) -> EventSourceMapping:
    """Raises ValueError, in words for the author of the template, for what AWS would refuse or the local run lacks."""
    if names := list(unsupported(properties)):
        raise ValueError(f"{', '.join(names)}: not supported by the local run.")
    if "EventSourceArn" not in properties:
        raise ValueError("EventSourceArn is missing.")
    source_arn = str(properties["EventSourceArn"])
    kind = SourceKind(source_arn.split(":")[2])
    is_stream = kind is not SourceKind.SQS
    if is_stream and "StartingPosition" not in properties:
        raise ValueError("1 validation error detected: StartingPosition is required for a stream.")
    default_size, largest = _BATCH_SIZES[kind]
    batch_size = _bounded(properties, "BatchSize", default_size, 1, largest)
    window = _bounded(properties, "MaximumBatchingWindowInSeconds", 0, 0, 300)
    if kind is SourceKind.SQS and batch_size > 10 and window == 0:
        raise ValueError("MaximumBatchingWindowInSeconds has to be at least 1 for a BatchSize of more than 10.")
    timestamp = properties.get("StartingPositionTimestamp")
    concurrency = (properties.get("ScalingConfig") or {}).get("MaximumConcurrency")
    return EventSourceMapping(
        account=account,
        region=region,
        function=_function(str(properties["FunctionName"]), account, region),
        source_arn=source_arn,
        is_enabled=as_bool(properties.get("Enabled", True)),
        batch_size=batch_size,
        batching_window_seconds=window,
        reports_failures=_PARTIAL in (properties.get("FunctionResponseTypes") or []),
        starting_position=str(properties.get("StartingPosition", "")),
        starting_timestamp=None if timestamp is None else as_float(timestamp),
        maximum_retry_attempts=_bounded(properties, "MaximumRetryAttempts", UNLIMITED, UNLIMITED, 10_000),
        maximum_record_age_seconds=_record_age(properties),
        bisects=as_bool(properties.get("BisectBatchOnFunctionError", False)),
        parallelization_factor=_bounded(properties, "ParallelizationFactor", 1, 1, 10),
        destination_arn=str(destination) if (destination := _destination(properties)) else None,
        maximum_concurrency=None if concurrency is None else _bounded({"M": concurrency}, "M", 2, 2, 1000),
    )


def _destination(properties: Mapping[str, Any]) -> Any:
    config = properties.get("DestinationConfig")
    on_failure = config.get("OnFailure") if isinstance(config, Mapping) else None
    return on_failure.get("Destination") if isinstance(on_failure, Mapping) else None


def _bounded(properties: Mapping[str, Any], name: str, default: int, smallest: int, largest: int) -> int:
    value = as_int(properties.get(name, default))
    if not smallest <= value <= largest:
        raise ValueError(f"{name} is {value}; allowed is {smallest} to {largest}.")
    return value


def _record_age(properties: Mapping[str, Any]) -> int:
    value = _bounded(properties, "MaximumRecordAgeInSeconds", UNLIMITED, UNLIMITED, 604_800)
    if UNLIMITED < value < 60:
        raise ValueError(f"MaximumRecordAgeInSeconds is {value}; allowed is -1, or 60 to 604800.")
    return value


def _function(name: str, account: str, region: str) -> FunctionArn:
    """From an ARN, a name, or name and qualifier."""
    if name.startswith("arn:"):
        return FunctionArn.parse(name)
    function, _, qualifier = name.partition(":")
    return FunctionArn(account, region, function, qualifier or None)

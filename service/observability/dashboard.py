"""One dashboard a stage: first whether users are fine, then each unit, then what may run full and what costs money.

Drawn with CDK's own widgets: a library for it would be one more pin to keep, for a page of code. Alarms are named
and not referred to, so that a unit can drop one without asking this stack. It must not define alarms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from service.cars.car import CarStatus
from service.cars.settings import METRICS_NAMESPACE, ServiceName
from service.observability import monitoring
from service.service_settings import ServiceSettings

PERIOD = monitoring.PERIOD
WIDTH = 24


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What the page shows of a unit. `delay` is how long its events wait, None when a caller waits for the answer."""

    name: str
    function: lambda_.IFunction
    delay: cloudwatch.IMetric | None = None
    failure_queues: tuple[sqs.IQueue, ...] = ()


class DashboardStack(cdk.Stack):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        units: Sequence[Unit],
        tables: Sequence[dynamodb.ITableV2],
        telemetry_stream: kinesis.IStream,
        alarms: Sequence[str],
        settings: ServiceSettings,
    ) -> None:
        """`alarms` are the names of all that call people."""
        super().__init__(scope, construct_id, description="The dashboard of the car service")
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"cars-{settings.stage_name}",
            default_interval=cdk.Duration.hours(3),
            period_override=cloudwatch.PeriodOverride.INHERIT,
            widgets=[
                _users(self, alarms, settings),
                _business(),
                *(_unit(unit) for unit in units),
                _saturation(units, tables, telemetry_stream),
                _cost(units, tables, telemetry_stream),
            ],
        )


def _users(stack: cdk.Stack, alarms: Sequence[str], settings: ServiceSettings) -> list[cloudwatch.IWidget]:
    journeys = {
        name: _metric(METRICS_NAMESPACE, name, {"service": ServiceName.PROBER, "stage": settings.stage_name})
        for name in ("Journeys", "SucceededJourneys")
    }
    errors, latency = (
        [monitoring.api_metric(name, statistic, settings) for name, statistic in wanted]
        for wanted in (
            [("5XXError", "Average"), ("4XXError", "Average")],
            [("Latency", "p50"), ("Latency", "p95"), ("Latency", "p99")],
        )
    )
    return [
        cloudwatch.AlarmStatusWidget(
            title="Alarms that call people",
            width=6,
            height=6,
            sort_by=cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
            alarms=[
                cloudwatch.Alarm.from_alarm_arn(
                    stack, f"Alarm{name}", f"arn:aws:cloudwatch:{stack.region}:{stack.account}:alarm:{name}"
                )
                for name in alarms
            ],
        ),
        _graph("Are users fine? Share of answers that are errors", errors, width=6),
        _graph("Are users fine? Latency (ms)", latency, width=6),
        _graph("Do the prober's journeys succeed?", list(journeys.values()), width=6),
    ]


COUNTED = {
    "Cars": (ServiceName.API, ("CarsCreated", "CarsReplaced", "CarsChanged", "CarsDeleted")),
    "Changes of cars": (ServiceName.CHANGES, ("ReceivedChanges", "SentChanges", "PositionReports", "SetAsideChanges")),
    "Notifications": (ServiceName.NOTIFICATIONS, ("ReceivedEvents", "WrittenNotifications")),
    "Position reports": (
        ServiceName.TELEMETRY,
        ("ReceivedReports", "StoredPositions", "StaleReports", "UnknownCars", "SetAsideReports", "FailedReports"),
    ),
    "Maintenance orders": (
        ServiceName.MAINTENANCE,
        ("ReceivedOrders", "StartedOrders", "FinishedOrders", "RejectedOrders", "FailedOrders"),
    ),
}
"""What the functions count of what the service does for the fleet: by title, who counts it, and the metrics' names."""


def _business() -> list[cloudwatch.IWidget]:
    """What the service does for the fleet, as its functions count it."""
    by_status = {
        title: [
            _metric(METRICS_NAMESPACE, name, {"service": ServiceName.CHANGES, "status": status}, label=status)
            for status in CarStatus
        ]
        for title, name in (("Cars that came into a status", "CarsEntered"), ("Cars that left a status", "CarsLeft"))
    }
    counted = {
        title: [_metric(METRICS_NAMESPACE, name, {"service": service}) for name in names]
        for title, (service, names) in COUNTED.items()
    }
    cars = counted.pop("Cars")
    return [
        *(_graph(title, metrics, width=8) for title, metrics in {"Cars": cars, **by_status}.items()),
        *(_graph(title, metrics, width=6) for title, metrics in counted.items()),
    ]


def _unit(unit: Unit) -> list[cloudwatch.IWidget]:
    calls = [
        monitoring.lambda_metric(name, unit.function, statistic="Sum")
        for name in ("Invocations", "Errors", "Throttles")
    ]
    duration = [monitoring.lambda_metric("Duration", unit.function, statistic=name) for name in ("p50", "p90", "p99")]
    delay = [] if unit.delay is None else [unit.delay]
    failed = [
        queue.metric_approximate_number_of_messages_visible(statistic="Maximum", period=PERIOD)
        for queue in unit.failure_queues
    ]
    graphs: list[tuple[str, Sequence[cloudwatch.IMetric]]] = [
        ("calls", calls),
        ("duration (ms)", duration),
        ("delay", delay),
        ("failed for good", failed),
    ]
    shown = [(title, metrics) for title, metrics in graphs if metrics]
    return [_graph(f"{unit.name}: {title}", metrics, width=WIDTH // len(shown)) for title, metrics in shown]


def _saturation(
    units: Sequence[Unit], tables: Sequence[dynamodb.ITableV2], stream: kinesis.IStream
) -> list[cloudwatch.IWidget]:
    throttled = [
        _metric("AWS/DynamoDB", name, {"TableName": table.table_name})
        for table in tables
        for name in ("ReadThrottleEvents", "WriteThrottleEvents")
    ]
    return [
        _graph(
            "May run full: concurrent executions",
            [
                _metric("AWS/Lambda", "ConcurrentExecutions", {"FunctionName": unit.function.function_name}, "Maximum")
                for unit in units
            ],
            width=8,
        ),
        _graph("May run full: throttled requests of the tables", throttled, width=8),
        _graph(
            "May run full: records that the stream turned away",
            [
                _metric("AWS/Kinesis", "WriteProvisionedThroughputExceeded", {"StreamName": stream.stream_name}),
                _metric("AWS/Kinesis", "ReadProvisionedThroughputExceeded", {"StreamName": stream.stream_name}),
            ],
            width=8,
        ),
    ]


def _cost(
    units: Sequence[Unit], tables: Sequence[dynamodb.ITableV2], stream: kinesis.IStream
) -> list[cloudwatch.IWidget]:
    return [
        _graph(
            "Costs money: milliseconds of Lambda",
            [_metric("AWS/Lambda", "Duration", {"FunctionName": unit.function.function_name}) for unit in units],
            width=8,
        ),
        _graph(
            "Costs money: capacity units of the tables",
            [
                _metric("AWS/DynamoDB", name, {"TableName": table.table_name})
                for table in tables
                for name in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
            ],
            width=8,
        ),
        _graph(
            "Costs money: bytes into the stream",
            [_metric("AWS/Kinesis", "IncomingBytes", {"StreamName": stream.stream_name})],
            width=8,
        ),
    ]


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title, left=list(metrics), width=width, height=6, left_y_axis=cloudwatch.YAxisProps(min=0)
    )


def _metric(
    namespace: str, name: str, dimensions: dict[str, str], statistic: str = "Sum", *, label: str | None = None
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=PERIOD,
        label=label,
    )

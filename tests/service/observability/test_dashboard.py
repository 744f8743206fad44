"""The dashboard of a stage: nothing on it is empty for ever, for what it shows is sent, under these very dimensions."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from service.cars.car import CarStatus, NewCar
from service.cars.repository import CarRepository
from service.cars.settings import METRICS_NAMESPACE, Setting
from service.cars.telemetry import PositionOutcome, PositionReport, PositionRepository
from service.changes.runtime import handler as changes
from service.maintenance.runtime import handler as maintenance
from service.notifications.runtime import handler as notifications
from service.prober.runtime import handler as prober
from service.prober.runtime.shift import Shift
from service.telemetry.runtime import handler as telemetry
from tests.assembly import Assembly
from tests.service.api.runtime.test_handler import DETAILS, Api
from tests.service.changes.runtime.test_handler import FakeBus, position_report, unreadable
from tests.service.conftest import TABLE_NAME, FakeContext, load_event
from tests.service.maintenance.runtime.test_handler import message, order_message
from tests.service.metrics import Series, sent_series
from tests.service.prober.runtime import test_handler as prober_tests
from tests.service.prober.runtime.test_journey import FakeApi
from tests.service.telemetry.runtime.test_handler import raw_record, record
from tests.service.test_alarms import SENT_BY_AWS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STAGES = ("Staging", "Prod")
OF_A_FUNCTION = "AWS/Lambda", {"ConcurrentExecutions", "Duration"}, {"FunctionName"}
"""Shown of functions as a whole, versions and aliases together."""

ALSO_SENT_BY_AWS = [
    OF_A_FUNCTION,
    # "DynamoDB Metrics and dimensions"
    (
        "AWS/DynamoDB",
        {"ReadThrottleEvents", "WriteThrottleEvents", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"},
        {"TableName"},
    ),
    # "Basic stream-level metrics" of Kinesis Data Streams
    ("AWS/Kinesis", {"IncomingBytes"}, {"StreamName"}),
]
NAMED_BY = {
    "FunctionName": ("AWS::Lambda::Function", "Ref"),
    "QueueName": ("AWS::SQS::Queue", "QueueName"),
    "TableName": ("AWS::DynamoDB::GlobalTable", "Ref"),
    "StreamName": ("AWS::Kinesis::Stream", "Ref"),
}
"""Which resource a dimension names, and by which of its values."""


@dataclass(frozen=True)
class Shown:
    """A metric of a graph; `dimensions` with what other stacks tell as "<stack:output>"."""

    namespace: str
    name: str
    dimensions: dict[str, str]


def told(part: dict[str, Any]) -> str:
    """What another stack tells, as "stack:output"; what is the stack's own, by its name."""
    (value,) = part.values()
    return f"{value['StackName']}:{value['OutputName']}" if isinstance(value, dict) else str(value)


def dashboard(assembly: Assembly, stage: str) -> tuple[str, list[dict[str, Any]]]:
    """The name and the widgets of the stage's one dashboard."""
    (declared,) = (
        found["Properties"]
        for template in assembly.stage_templates(stage)
        for found in template.of_type("AWS::CloudWatch::Dashboard").values()
    )
    parts = declared["DashboardBody"]["Fn::Join"][1]
    body = "".join(part if isinstance(part, str) else f"<{told(part)}>" for part in parts)
    widgets: list[dict[str, Any]] = json.loads(body)["widgets"]
    return declared["DashboardName"], widgets


def shown(widgets: Sequence[dict[str, Any]]) -> Iterator[Shown]:
    for widget in widgets:
        for namespace, name, *dimensions, options in widget["properties"].get("metrics", ()):
            assert isinstance(options, dict)
            yield Shown(namespace, name, dict(zip(dimensions[::2], dimensions[1::2], strict=True)))


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def widgets(assembly: Assembly, stage: str) -> list[dict[str, Any]]:
    return dashboard(assembly, stage)[1]


def test_stage_has_one_dashboard_with_its_name(assembly: Assembly, stage: str) -> None:
    assert dashboard(assembly, stage)[0] == f"cars-{stage.lower()}"


def test_users_are_first_then_the_fleet_each_unit_what_may_run_full_and_what_costs(
    widgets: list[dict[str, Any]],
) -> None:
    rows: dict[int, list[str]] = {}
    for widget in sorted(widgets, key=lambda widget: (widget["y"], widget["x"])):
        rows.setdefault(widget["y"], []).append(widget["properties"]["title"])
    first_words = [[re.split("[:?]", title)[0] for title in titles] for titles in rows.values()]

    assert first_words == [
        ["Alarms that call people", "Are users fine", "Are users fine", "Do the prober's journeys succeed"],
        ["Cars", "Cars that came into a status", "Cars that left a status"],
        ["Changes of cars", "Notifications", "Position reports", "Maintenance orders"],
        ["api", "api"],
        *([unit] * 4 for unit in ("changes", "notifications", "telemetry", "maintenance")),
        ["May run full"] * 3,
        ["Costs money"] * 3,
    ]
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)


def test_alarms_on_it_are_those_with_a_name(assembly: Assembly, stage: str, widgets: list[dict[str, Any]]) -> None:
    named = {
        alarm["Properties"]["AlarmName"]
        for template in assembly.stage_templates(stage)
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if "AlarmName" in alarm["Properties"]
    }
    (alarms,) = (widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm")

    assert {arn.rpartition(":alarm:")[2] for arn in alarms} == named
    assert len(alarms) == len(named)


def test_metrics_of_aws_on_it_are_sent_and_name_resources_of_the_stage(
    assembly: Assembly, stage: str, widgets: list[dict[str, Any]]
) -> None:
    told_by_stacks = {
        f"{stack}:{name}": (template, output["Value"])
        for stack, template in assembly.stage_stacks(stage).items()
        for name, output in template.outputs.items()
    }
    of_aws = [metric for metric in shown(widgets) if metric.namespace != METRICS_NAMESPACE]

    assert len(of_aws) > 50
    for metric in of_aws:
        assert is_sent(metric), metric
        for name, (resource_type, attribute) in NAMED_BY.items():
            if name not in metric.dimensions:
                continue
            template, value = told_by_stacks[metric.dimensions[name].strip("<>")]
            resource = value["Ref"] if attribute == "Ref" else value["Fn::GetAtt"][0]
            assert template.resources[resource]["Type"] == resource_type, metric
            assert attribute == "Ref" or value["Fn::GetAtt"][1] == attribute, metric
        if "Resource" in metric.dimensions:
            assert metric.dimensions["Resource"] == metric.dimensions["FunctionName"] + ":live"
        if "ApiName" in metric.dimensions:
            assert metric.dimensions == {"ApiName": f"cars-{stage.lower()}", "Stage": stage.lower()}


def is_sent(metric: Shown) -> bool:
    names, dimensions = SENT_BY_AWS.get(metric.namespace, (set(), []))
    return (metric.name in names and set(metric.dimensions) in dimensions) or any(
        metric.namespace == namespace and metric.name in also and set(metric.dimensions) == of
        for namespace, also, of in ALSO_SENT_BY_AWS
    )


def test_metrics_of_the_service_on_it_are_sent_by_its_functions(
    stage: str, widgets: list[dict[str, Any]], sent: dict[Series, float]
) -> None:
    own = [metric for metric in shown(widgets) if metric.namespace == METRICS_NAMESPACE]
    wanted = {(metric.name, tuple(sorted(metric.dimensions.items()))) for metric in own}

    assert len(wanted) == len(own) > 20
    assert {series for series in wanted if not sent.get(series)} == set()


@pytest.fixture
def sent(
    stage: str,
    repository: CarRepository,
    orders_table: None,
    dynamodb: DynamoDBClient,
    context: FakeContext,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[dict[Series, float]]:
    """What the functions of a stage send when everything that can become of a car, order or report does."""
    cached = (maintenance.orders, notifications.repository, telemetry.sqs, changes.sqs)
    for each in cached:
        each.cache_clear()
    write_cars(Api(context))
    change_cars(context, monkeypatch)
    notifications.handle(load_event("sns"), context)
    repository.create(NewCar(car_id="car-1", model="Acme 1", year=2024), correlation_id="test")
    report_positions(context, dynamodb, monkeypatch)
    order_maintenance(context)
    probe(stage, context, monkeypatch)
    yield sent_series(capsys.readouterr().out)
    for each in cached:
        each.cache_clear()


def write_cars(api: Api) -> None:
    created = api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS})
    assert api.call("PUT", "/cars/car-1", body=DETAILS, headers={"If-Match": created.etag}).status == 200
    assert api.call("PATCH", "/cars/car-1", body={"year": 2025}).status == 200
    assert api.call("DELETE", "/cars/car-1").status == 204


def change_cars(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """A car of each status comes and goes, one says where it is, and one is none."""
    monkeypatch.setenv(Setting.EVENT_BUS_NAME, "cars")
    monkeypatch.setenv(Setting.SET_ASIDE_QUEUE_URL, boto3.client("sqs").create_queue(QueueName="aside")["QueueUrl"])
    monkeypatch.setattr(changes, "event_bridge", FakeBus)
    created, _, deleted = load_event("dynamodb-stream")["Records"]
    records = [position_report(0)]
    for status in CarStatus:
        records += copy.deepcopy([created, deleted])
        for image in (records[-2]["dynamodb"]["NewImage"], records[-1]["dynamodb"]["OldImage"]):
            image["status"] = {"S": status.value}
    records.append(unreadable(copy.deepcopy(created)))
    changes.handle({"Records": records}, context)


class OneCarFails(PositionRepository):
    def store(self, report: PositionReport) -> PositionOutcome:
        if report.car_id == "car-fails":
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "UpdateItem")
        return super().store(report)


def report_positions(context: FakeContext, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(Setting.SET_ASIDE_QUEUE_URL, boto3.client("sqs").create_queue(QueueName="aside")["QueueUrl"])
    monkeypatch.setattr(telemetry, "positions", lambda: OneCarFails(dynamodb, TABLE_NAME))
    records = [
        raw_record(1, b"no report"),
        *(record(2, "car-1", second=1), record(3, "car-1", second=2), record(4, "car-unknown", second=1)),
        record(5, "car-fails", second=1),
    ]
    telemetry.handle({"Records": records}, context)


def order_maintenance(context: FakeContext) -> None:
    messages = [
        *(order_message(1, "order-1", "start"), order_message(2, "order-1", "finish")),
        *(order_message(3, "order-2", "start", car_id="car-unknown"), message(4, "no order")),
    ]
    maintenance.handle({"Records": messages}, context)


def probe(stage: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(Setting.STAGE_NAME, stage.lower())
    for setting in (Setting.REQUESTS_PER_MINUTE, Setting.REQUESTS_PER_MINUTE_AT_REST, Setting.EVENTS_PER_MINUTE):
        monkeypatch.setenv(setting, "12")
    monkeypatch.setattr(prober, "shift", lambda event: Shift(of_api=False, of_events=False))
    prober_tests.run(FakeApi(), context, monkeypatch)

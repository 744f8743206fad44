"""Each protocol against the client that speaks it: botocore writes the requests and reads the answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from rehearsal.aws.edge.protocol.detect import protocol_of
from rehearsal.aws.edge.protocol.protocol import WireAnswer, WireProtocol
from rehearsal.aws.edge.service_models import service_model
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.service_api import ApiError

PROTOCOLS = ["query", "json", "smithy-rpc-v2-cbor"]
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
QUERIES = [
    {
        "Id": "errors",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Dimensions": [{"Name": "FunctionName", "Value": "api"}, {"Name": "Resource", "Value": "api:live"}],
            },
            "Period": 60,
            "Stat": "Sum",
        },
        "ReturnData": False,
    },
    {"Id": "rate", "Expression": "100 * errors / (errors + 1)", "ReturnData": True},
]
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("GetMetricData", {"MetricDataQueries": QUERIES, "StartTime": NOON, "EndTime": NOON, "MaxDatapoints": 100}),
    ("DescribeAlarms", {"AlarmNames": [f"alarm-{number}" for number in range(1, 13)], "AlarmTypes": []}),
    ("DescribeAlarms", {}),
    (
        "PutMetricData",
        {
            "Namespace": "Cars & Co",
            "MetricData": [
                {"MetricName": "Heartbeat", "Timestamp": NOON, "Value": 0.5, "Unit": "Count"},
                {
                    "MetricName": "ä<>",
                    "StatisticValues": {"SampleCount": 2.0, "Sum": 3.0, "Minimum": 1.0, "Maximum": 2.0},
                },
            ],
        },
    ),
]
ANSWERS: list[tuple[str, dict[str, Any]]] = [
    (
        "GetMetricData",
        {
            "MetricDataResults": [
                {"Id": "rate", "Label": "a < b & c", "Timestamps": [NOON], "Values": [0.5], "StatusCode": "Complete"},
                {"Id": "none", "Timestamps": [], "Values": []},
            ],
            "Messages": [],
        },
    ),
    (
        "DescribeAlarms",
        {
            "MetricAlarms": [
                {
                    "AlarmName": "errors",
                    "ActionsEnabled": True,
                    "EvaluationPeriods": 3,
                    "Threshold": 1.0,
                    "StateUpdatedTimestamp": NOON,
                    "Dimensions": [{"Name": "FunctionName", "Value": "api"}],
                }
            ],
        },
    ),
    ("PutMetricData", {}),
]


def cloudwatch(protocol: str) -> ServiceModel:
    model = service_model("cloudwatch")
    model.metadata["protocol"] = protocol
    return model


def sent_by_client(protocol: str, operation: OperationModel, parameters: dict[str, Any]) -> SignedRequest:
    serialized = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, operation)
    body = serialized["body"]
    if isinstance(body, dict):
        body = urlencode(body, encoding="utf-8")
    headers = {name.lower(): value for name, value in serialized["headers"].items()}
    return SignedRequest("POST", serialized["url_path"], headers, body.encode() if isinstance(body, str) else body)


def spoken(request: SignedRequest) -> WireProtocol:
    protocol = protocol_of(request)
    assert protocol is not None
    return protocol


def read_by_client(protocol: str, operation: OperationModel, answer: WireAnswer) -> dict[str, Any]:
    response = {
        "status_code": answer.status,
        "body": answer.body,
        "headers": {
            "content-type": answer.content_type,
            **{name.lower(): text for name, text in answer.headers.items()},
        },
        "context": {"operation_name": operation.name},
    }
    shape: Any = operation.output_shape  # None for an operation without an answer, as botocore itself passes it
    parsed: dict[str, Any] = create_parser(protocol).parse(response, shape)
    parsed.pop("ResponseMetadata")
    return parsed


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("name", "parameters"), REQUESTS)
def test_decode_reads_what_the_client_sent(protocol: str, name: str, parameters: dict[str, Any]) -> None:
    operation = cloudwatch(protocol).operation_model(name)
    request = sent_by_client(protocol, operation, parameters)

    assert spoken(request).operation(request) == name
    assert spoken(request).decode(request, operation) == parameters


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_the_client_reads_what_encode_wrote(protocol: str, name: str, answer: dict[str, Any]) -> None:
    operation = cloudwatch(protocol).operation_model(name)
    request = sent_by_client(protocol, operation, REQUESTS[2][1] if name == "DescribeAlarms" else {})

    read = read_by_client(protocol, operation, spoken(request).encode(answer, operation, "request-1"))

    assert read == answer


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_client_reads_an_error_with_its_code_and_message(protocol: str) -> None:
    operation = cloudwatch(protocol).operation_model("SetAlarmState")
    request = sent_by_client(protocol, operation, {})
    error = ApiError("ResourceNotFound", "There is no alarm of that name: <b>", status=404)

    answer = spoken(request).encode_error(error, "request-1")

    assert answer.status == 404
    read = read_by_client(protocol, operation, answer)["Error"]
    assert (read["Code"], read["Message"]) == ("ResourceNotFound", "There is no alarm of that name: <b>")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-amz-target": "GraniteServiceVersion20100801.GetMetricData"}, b"{"),
        ({"x-amz-target": "GraniteServiceVersion20100801.GetMetricData"}, b'{"MetricDataQueries": 3}'),
        ({"smithy-protocol": "rpc-v2-cbor"}, b"\xff\xff"),
        ({"content-type": "application/x-www-form-urlencoded"}, b"MaxDatapoints=many"),
        ({"content-type": "application/x-www-form-urlencoded"}, b"MetricDataQueries=1&MetricDataQueries.member.1.Id=a"),
    ],
)
def test_decode_refuses_a_body_that_it_cannot_read(headers: dict[str, str], body: bytes) -> None:
    request = SignedRequest("POST", "/service/GraniteServiceVersion20100801/operation/GetMetricData", headers, body)

    with pytest.raises(ApiError, match="SerializationException"):
        spoken(request).decode(request, service_model("cloudwatch").operation_model("GetMetricData"))


def test_decode_leaves_out_members_that_the_model_does_not_know() -> None:
    request = SignedRequest(
        "POST", "/", {"x-amz-target": "A.DescribeAlarms"}, b'{"AlarmNames": ["a"], "New": {"x": 1}}'
    )

    decoded = spoken(request).decode(request, service_model("cloudwatch").operation_model("DescribeAlarms"))

    assert decoded == {"AlarmNames": ["a"]}


def test_encode_names_a_member_that_the_operation_does_not_answer() -> None:
    request = SignedRequest("POST", "/", {"x-amz-target": "A.DescribeAlarms"}, b"{}")

    with pytest.raises(KeyError, match="Alarms"):
        spoken(request).encode({"Alarms": []}, service_model("cloudwatch").operation_model("DescribeAlarms"), "1")


def test_a_rest_request_speaks_none_of_the_protocols() -> None:
    assert protocol_of(SignedRequest("GET", "/bucket/key", {"content-type": "application/json"}, b"")) is None

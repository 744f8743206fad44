"""CodeDeploy, CloudFormation and CloudWatch of a stage's account, in boto3's shapes, as the shifts' readers ask."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from pipeline.shifts.reader import APPLICATION, GROUP, StageClients

LATER = datetime(9999, 1, 1, tzinfo=UTC)
NAMES = {"applicationName": "Prod-ApiApplication", "deploymentGroupName": "Prod-ApiGroup"}


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


def info(name: str, status: str, created: datetime, completed: datetime | None, **more: Any) -> dict[str, Any]:
    """A DeploymentInfo."""
    ended = {"completeTime": completed} if completed is not None else {}
    return {
        "deploymentId": name,
        "status": status,
        "createTime": created,
        "startTime": created,
        "creator": "CloudFormation",
        **ended,
        **more,
    }


def target(
    from_version: str, to_version: str, *, traffic_from: datetime | None, failed: str = "", function: str = "cars-api"
) -> dict[str, Any]:
    """A LambdaTarget; `failed` is the lifecycle event that did."""
    started = {"startTime": traffic_from} if traffic_from is not None else {}
    events: list[dict[str, Any]] = [
        {"lifecycleEventName": name, "status": "Failed" if name == failed else "Succeeded"}
        for name in ("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
    ]
    events[1] |= started
    return {
        "lifecycleEvents": events,
        "lambdaFunctionInfo": {
            "functionName": function,
            "functionAlias": "live",
            "currentVersion": from_version,
            "targetVersion": to_version,
        },
    }


@dataclass
class FakeStage:
    """`deployments` are (DeploymentInfo, LambdaTarget); `calls` per minute by version, None: of the alias.

    `rang` are names of alarms that went into ALARM. Stack `Prod-Api` has the one group.
    """

    deployments: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    calls: Mapping[str | None, tuple[float, float]] = field(default_factory=dict)
    rang: Sequence[str] = ()
    asked: list[str] = field(default_factory=list)
    refuses: ClientError | None = None

    def clients(self) -> StageClients:
        if self.refuses is not None:
            raise self.refuses
        return StageClients(cloudformation=self, codedeploy=self, cloudwatch=self)

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(getattr(self, f"_{operation}"))

    def _list_stack_resources(self, *, StackName: str) -> dict[str, Any]:
        found = [
            (APPLICATION, NAMES["applicationName"]),
            (GROUP, NAMES["deploymentGroupName"]),
            ("AWS::S3::Bucket", "b"),
        ]
        return {
            "StackResourceSummaries": [
                {"ResourceType": kind, "PhysicalResourceId": name} for kind, name in found if StackName == "Prod-Api"
            ]
        }

    def _list_deployments(self, *, createTimeRange: dict[str, datetime], **names: str) -> dict[str, Any]:
        assert names == NAMES
        start, end = createTimeRange["start"], createTimeRange.get("end", LATER)
        return {
            "deployments": [told["deploymentId"] for told, _ in self.deployments if start <= told["createTime"] <= end]
        }

    def batch_get_deployments(self, *, deploymentIds: list[str]) -> dict[str, Any]:
        assert 0 < len(deploymentIds) <= 25
        self.asked += deploymentIds
        return {"deploymentsInfo": [told for told, _ in self.deployments if told["deploymentId"] in deploymentIds]}

    def list_deployment_targets(self, *, deploymentId: str) -> dict[str, Any]:
        return {"targetIds": [f"target-{deploymentId}"]}

    def get_deployment_target(self, *, deploymentId: str, targetId: str) -> dict[str, Any]:
        assert targetId == f"target-{deploymentId}"
        (found,) = [each for told, each in self.deployments if told["deploymentId"] == deploymentId]
        return {"deploymentTarget": {"lambdaTarget": found}}

    def _get_metric_data(
        self, *, MetricDataQueries: list[dict[str, Any]], StartTime: datetime, EndTime: datetime, ScanBy: str
    ) -> dict[str, Any]:
        assert ScanBy == "TimestampAscending"
        minutes = int((EndTime - StartTime) / timedelta(minutes=1))
        results = []
        for query in MetricDataQueries:
            metric = query["MetricStat"]["Metric"]
            dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            assert (dimensions["FunctionName"], dimensions["Resource"]) == ("cars-api", "cars-api:live")
            pair = self.calls.get(dimensions.get("ExecutedVersion"))
            times = [StartTime + timedelta(minutes=number) for number in range(minutes)] if pair is not None else []
            value = (pair or (0, 0))[metric["MetricName"] == "Errors"]
            results.append({"Id": query["Id"], "Timestamps": times, "Values": [value] * len(times)})
        return {"MetricDataResults": results}

    def _describe_alarm_history(
        self, *, HistoryItemType: str, StartDate: datetime, EndDate: datetime
    ) -> dict[str, Any]:
        assert HistoryItemType == "StateUpdate"
        assert StartDate <= EndDate
        told = [(name, "ALARM") for name in self.rang] + [("Prod-Api-quiet", "OK"), ("Another-alarm", "ALARM")]
        return {
            "AlarmHistoryItems": [
                {"AlarmName": name, "HistoryData": json.dumps({"newState": {"stateValue": state}})}
                for name, state in told
            ]
        }


class _Pages:
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def paginate(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        yield self._answer(**parameters)

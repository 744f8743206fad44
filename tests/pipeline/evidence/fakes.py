"""AWS as the evidence's step sees it: answers in the shapes of boto3, and what was written to the bucket."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

STARTED = datetime(2026, 11, 30, 9, 0, 30, tzinfo=UTC)


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


class Pages:
    def __init__(self, *pages: Mapping[str, Any]) -> None:
        self._pages = pages

    def paginate(self, **_: Any) -> Iterator[Mapping[str, Any]]:
        yield from self._pages


class FakeCloudFormation:
    """Stacks by name, each (status, template); `physical` ids by logical id, in every stack."""

    def __init__(
        self, stacks: Mapping[str, tuple[str, Any]] | None = None, physical: Mapping[str, str] | None = None
    ) -> None:
        self._stacks, self._physical = stacks or {}, physical or {}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        if StackName not in self._stacks:
            raise refused("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"StackStatus": self._stacks[StackName][0]}]}

    def get_template(self, *, StackName: str, TemplateStage: str) -> dict[str, Any]:
        assert TemplateStage == "Original"
        template = self._stacks[StackName][1]
        if isinstance(template, ClientError):
            raise template
        return {"TemplateBody": template}

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "list_stack_resources"
        resources = [
            {"LogicalResourceId": logical_id, "PhysicalResourceId": physical_id}
            for logical_id, physical_id in self._physical.items()
        ]
        return Pages({"StackResourceSummaries": resources})


class FakeCodeDeploy:
    """One deployment group; `deployments` by id, each (status, version that it shifted to), the oldest first."""

    def __init__(self, deployments: Mapping[str, tuple[str, str]]) -> None:
        self._deployments = deployments

    def get_paginator(self, operation: str) -> FakeCodeDeploy:
        assert operation == "list_deployments"
        return self

    def paginate(self, *, applicationName: str, deploymentGroupName: str) -> Iterator[dict[str, Any]]:
        assert (applicationName, deploymentGroupName) == ("app", "group")
        yield {"deployments": list(self._deployments)}

    def batch_get_deployments(self, *, deploymentIds: list[str]) -> dict[str, Any]:
        assert 0 < len(deploymentIds) <= 25
        return {
            "deploymentsInfo": [
                {
                    "deploymentId": name,
                    "status": self._deployments[name][0],
                    "createTime": self._created(name),
                    "startTime": self._created(name),
                    "completeTime": self._created(name) + timedelta(minutes=2),
                    **(
                        {"errorInformation": {"code": "ALARM_ACTIVE", "message": "An alarm is active."}}
                        if self._deployments[name][0] != "Succeeded"
                        else {}
                    ),
                }
                for name in deploymentIds
            ]
        }

    def _created(self, name: str) -> datetime:
        return STARTED + timedelta(hours=list(self._deployments).index(name))

    def list_deployment_targets(self, *, deploymentId: str) -> dict[str, Any]:
        return {"targetIds": [f"target-{deploymentId}"]}

    def get_deployment_target(self, *, deploymentId: str, targetId: str) -> dict[str, Any]:
        assert targetId == f"target-{deploymentId}"
        to_version = self._deployments[deploymentId][1]
        function = {
            "functionName": "cars-api",
            "functionAlias": "live",
            "currentVersion": str(int(to_version) - 1),
            "targetVersion": to_version,
        }
        return {"deploymentTarget": {"lambdaTarget": {"lambdaFunctionInfo": function}}}

    def get_deployment_group(self, **_: str) -> dict[str, Any]:
        return {"deploymentGroupInfo": {"alarmConfiguration": {"alarms": [{"name": "errors"}]}}}


class FakeCloudWatch:
    """Ninety calls a minute of the old version and ten of the new, of which `failed` fail; one alarm."""

    def __init__(self, *, failed: float = 0, went_off: bool = False) -> None:
        self._failed, self._went_off = failed, went_off

    def get_paginator(self, operation: str) -> FakeCloudWatch:
        assert operation == "get_metric_data"
        return self

    def paginate(
        self, *, MetricDataQueries: list[dict[str, Any]], StartTime: datetime, EndTime: datetime, ScanBy: str
    ) -> Iterator[dict[str, Any]]:
        minutes = [StartTime + timedelta(minutes=number) for number in range(int((EndTime - StartTime).seconds / 60))]
        newest = max(self._version_of(query) for query in MetricDataQueries)
        results = []
        for query in MetricDataQueries:
            is_new = self._version_of(query) == newest
            is_calls = query["MetricStat"]["Metric"]["MetricName"] == "Invocations"
            value = (10.0 if is_new else 90.0) if is_calls else (self._failed if is_new else 0.0)
            # CloudWatch has nothing of a minute without calls.
            shown = minutes[1:] if is_new else minutes
            results.append({"Id": query["Id"], "Timestamps": shown, "Values": [value] * len(shown)})
        yield {"MetricDataResults": results}

    def _version_of(self, query: Mapping[str, Any]) -> str:
        dimensions = {each["Name"]: each["Value"] for each in query["MetricStat"]["Metric"]["Dimensions"]}
        assert (dimensions["FunctionName"], dimensions["Resource"]) == ("cars-api", "cars-api:live")
        return str(dimensions["ExecutedVersion"])

    def describe_alarms(self, *, AlarmNames: list[str], AlarmTypes: list[str]) -> dict[str, Any]:
        assert AlarmTypes == ["MetricAlarm", "CompositeAlarm"]
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": "OK"} for name in AlarmNames]}

    def describe_alarm_history(self, **_: Any) -> dict[str, Any]:
        state = "ALARM" if self._went_off else "OK"
        return {"AlarmHistoryItems": [{"HistoryData": json.dumps({"newState": {"stateValue": state}})}]}


class FakeS3:
    """`objects` by key. With `is_closed` it refuses everything."""

    def __init__(self, *, is_closed: bool = False, **objects: str) -> None:
        self.objects: dict[str, str] = dict(objects)
        self.types: dict[str, str] = {}
        self._is_closed = is_closed

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:
        if self._is_closed:
            raise refused("AccessDenied", "Access Denied")
        found = [{"Key": key} for key in self.objects if key.startswith(Prefix)]
        return {"Contents": found} if found else {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise refused("AccessDenied", "Access Denied")
        return {"Body": io.BytesIO(self.objects[Key].encode())}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str, IfNoneMatch: str) -> None:
        if self._is_closed:
            raise refused("AccessDenied", "Access Denied")
        if IfNoneMatch == "*" and Key in self.objects:
            raise refused("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        self.objects[Key] = Body.decode()
        self.types[Key] = ContentType


class FakeInspector:
    """It refuses, but where it `knows` vulnerabilities: then of a package of its own."""

    def __init__(self) -> None:
        self.knows: tuple[str, ...] = ()

    def scan_sbom(self, *, sbom: Mapping[str, Any], outputFormat: str) -> dict[str, Any]:
        assert (sbom["specVersion"], outputFormat) == ("1.5", "CYCLONE_DX_1_5")
        if not self.knows:
            raise refused("AccessDeniedException", "You do not have sufficient access.")
        component = {"bom-ref": "comp-1", "purl": "pkg:pypi/six@1.0"}
        found = [{"id": name, "affects": [{"ref": "comp-1"}]} for name in self.knows]
        return {"sbom": {"components": [component], "vulnerabilities": found}}

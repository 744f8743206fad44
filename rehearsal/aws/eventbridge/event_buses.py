"""Puts what a rule has matched on an event bus, of this account or another, with the role that the rule's target names.

As EventBridge does: the role has to trust it for this rule, the role's own policies have to allow `events:PutEvents` on
the bus, and, in another account, so has the bus's policy. It must not match events. To the emulator a bus is its own
account's alone: there the event is put by the account's root, once all of that is so.
Sources: "Sending and receiving events between AWS accounts", "Using IAM policy conditions in Amazon EventBridge"
(aws:SourceArn and aws:SourceAccount are of the rule), "Cross-account policy evaluation logic" of the IAM user guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.eventbridge.event_bus_policies import EventBusPolicies
from rehearsal.aws.eventbridge.service_events import as_put
from rehearsal.aws.iam.resource_policy import RoleRequest, ServiceRequest, allows
from rehearsal.aws.iam.service_principal import Refused
from rehearsal.aws.iam.trust import ASSUME_ROLE, trusts

_EVENTS = "events.amazonaws.com"
_PUT = "events:PutEvents"


class EventBuses:
    """See the module."""

    def __init__(self, clients: AwsClients, policies: EventBusPolicies) -> None:
        self._clients = clients
        self._policies = policies

    def put(self, bus_arn: str, event: str, *, role_arn: str, source_arn: str) -> None:
        """`event` is the event as JSON, `source_arn` the rule. Raises Refused, else botocore's `ClientError`."""
        told = json.loads(event)
        self._require_trust(role_arn, source_arn)
        self._require_permission(role_arn, bus_arn)
        self._require_policy(bus_arn, told, role_arn, source_arn)
        _, _, _, region, account, name = bus_arn.split(":", 5)
        events: Any = self._clients.root(account, region).client("events")
        bus = name.partition("/")[2]
        try:
            events.describe_event_bus(Name=bus)
        except events.exceptions.ResourceNotFoundException as exc:
            raise Refused("NO_RESOURCE", f"{bus_arn} does not exist") from exc
        answer = events.put_events(Entries=[_entry(told, bus)])
        if answer["FailedEntryCount"]:
            (refused,) = answer["Entries"]
            raise Refused(str(refused.get("ErrorCode")), str(refused.get("ErrorMessage")))

    def _require_trust(self, role_arn: str, source_arn: str) -> None:
        request = ServiceRequest(
            service=_EVENTS,
            action=ASSUME_ROLE,
            resource=role_arn,
            source_arn=source_arn,
            source_account=source_arn.split(":")[4],
        )
        try:
            role = self._iam(role_arn).get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
        except ClientError as exc:
            raise Refused("NO_PERMISSIONS", f"The role {role_arn} cannot be assumed: {exc}") from exc
        if not trusts(role["AssumeRolePolicyDocument"], request):
            raise Refused("NO_PERMISSIONS", f"The role {role_arn} does not trust {_EVENTS} for {source_arn}")

    def _require_permission(self, role_arn: str, bus_arn: str) -> None:
        answer = self._iam(role_arn).simulate_principal_policy(
            PolicySourceArn=role_arn, ActionNames=[_PUT], ResourceArns=[bus_arn]
        )
        if any(result["EvalDecision"] != "allowed" for result in answer["EvaluationResults"]):
            raise Refused("NO_PERMISSIONS", f"{role_arn} is not authorized to perform {_PUT} on resource {bus_arn}")

    def _require_policy(self, bus_arn: str, told: Mapping[str, Any], role_arn: str, source_arn: str) -> None:
        """Within an account the role's own policies are enough."""
        request = RoleRequest(
            role_arn=role_arn,
            action=_PUT,
            resource=bus_arn,
            keys={
                "aws:sourcearn": source_arn,
                "aws:sourceaccount": source_arn.split(":")[4],
                "events:source": str(told["source"]),
                "events:detail-type": str(told["detail-type"]),
            },
        )
        if bus_arn.split(":")[4] != request.account and not allows(self._policies.document(bus_arn), request):
            because = "because no resource-based policy allows it"
            raise Refused(
                "NO_PERMISSIONS", f"{role_arn} is not authorized to perform {_PUT} on resource {bus_arn} {because}"
            )

    def _iam(self, role_arn: str) -> Any:
        return self._clients.root(role_arn.split(":")[4], "us-east-1").client("iam")


def _entry(told: Mapping[str, Any], bus: str) -> dict[str, Any]:
    return {
        "EventBusName": bus,
        "Source": as_put(str(told["source"])),
        "DetailType": told["detail-type"],
        "Resources": list(told.get("resources", ())),
        "Detail": json.dumps(told["detail"]),
        "Time": datetime.fromisoformat(str(told["time"])),
    }

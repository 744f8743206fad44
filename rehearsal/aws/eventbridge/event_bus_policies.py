"""AWS::Events::EventBusPolicy: the statements of buses' policies, which the emulator's CloudFormation has no type for.

They are kept here and asked when an event comes from another account (event_buses.py). It must not decide.
Source: AWS::Events::EventBusPolicy in the template reference (a statement, or the parameters of PutPermission; another
bus or statement id is a replacement).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.aws.resource import ResourceRequest, ResourceResult

EVENT_BUS_POLICY = "AWS::Events::EventBusPolicy"
_DEFAULT = "default"


class EventBusPolicies:
    """See the module; it is a `ResourceProvider`. Safe to use from several threads."""

    resource_types = frozenset({EVENT_BUS_POLICY})

    def __init__(self) -> None:
        self._statements: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._lock = threading.Lock()

    def create(self, request: ResourceRequest) -> ResourceResult:
        properties = request.properties
        bus = _bus_arn(request, properties)
        statement_id = str(properties["StatementId"])
        statement = properties.get("Statement") or _of_parameters(properties, bus)
        with self._lock:
            self._statements[bus, statement_id] = statement
        return ResourceResult(f"{bus}|{statement_id}")

    def update(self, request: ResourceRequest) -> ResourceResult:
        return self.create(request)

    def delete(self, request: ResourceRequest) -> None:
        bus, _, statement_id = str(request.physical_id).partition("|")
        with self._lock:
            self._statements.pop((bus, statement_id), None)

    def document(self, bus_arn: str) -> Mapping[str, Any]:
        """The bus's policy; one without statements allows nothing."""
        with self._lock:
            statements = [found for (bus, _), found in self._statements.items() if bus == bus_arn]
        return {"Version": "2012-10-17", "Statement": statements}


def _bus_arn(request: ResourceRequest, properties: Mapping[str, Any]) -> str:
    name = str(properties.get("EventBusName") or _DEFAULT)
    return f"arn:aws:events:{request.region}:{request.account}:event-bus/{name}"


def _of_parameters(properties: Mapping[str, Any], bus: str) -> Mapping[str, Any]:
    """As PutPermission makes it: an account, or "*" with an organization as a condition."""
    principal = str(properties.get("Principal", ""))
    condition = properties.get("Condition")
    return {
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": principal},
        "Action": properties.get("Action", "events:PutEvents"),
        "Resource": bus,
        **({"Condition": {condition["Type"]: {condition["Key"]: condition["Value"]}}} if condition else {}),
    }

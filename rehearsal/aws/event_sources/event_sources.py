"""CloudFormation's AWS::Lambda::EventSourceMapping: who polls which source for which function.

Polling is the local run's own, because the emulator has neither the retry rules of streams nor the run's clock. A
changed mapping goes on where the old one stopped: no record is lost, none is in two hands. It must not poll itself.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.event_sources.execution_role import AccessDenied, ExecutionRole, ExecutionRoles
from rehearsal.aws.event_sources.mapping import (
    EventSourceMapping,
    SourceKind,
    is_replaced,
    parse_mapping,
    unsupported,
)
from rehearsal.aws.event_sources.queue_poller import QueuePoller, QueueState
from rehearsal.aws.event_sources.stream_poller import StreamPoller, StreamState
from rehearsal.aws.event_sources.stream_source import stream_source
from rehearsal.aws.event_sources.surroundings import Surroundings
from rehearsal.aws.lambda_host.function import Clients
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, ResourceUnsupported

Poller = StreamPoller | QueuePoller
_JOIN_SECONDS = 5.0
_QUEUE_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# What is written to a source, by the signing name of the request's service.
_WRITES: Mapping[str, tuple[frozenset[SourceKind], frozenset[str]]] = {
    "kinesis": (frozenset({SourceKind.KINESIS}), frozenset({"PutRecord", "PutRecords"})),
    "dynamodb": (
        frozenset({SourceKind.DYNAMODB}),
        frozenset(
            {
                *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
                *("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"),
            }
        ),
    ),
    "sqs": (frozenset({SourceKind.SQS}), frozenset({"SendMessage", "SendMessageBatch", "StartMessageMoveTask"})),
    "sns": (frozenset({SourceKind.SQS}), frozenset({"Publish", "PublishBatch"})),
    "events": (frozenset({SourceKind.SQS, SourceKind.KINESIS}), frozenset({"PutEvents"})),
}
# Their body holds the name of each source that is written to. A topic, a bus and a dead-letter queue lead elsewhere.
_NAMING = frozenset(
    {"PutRecord", "PutRecords", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
    | {"SendMessage", "SendMessageBatch"}
)


@dataclass
class _Entry:
    mapping: EventSourceMapping
    poller: Poller | None = None
    state: StreamState | QueueState | None = None
    """Where the next poller goes on; None before the first."""


class EventSources:
    """See the module; it is a `ResourceProvider`."""

    resource_types = frozenset({"AWS::Lambda::EventSourceMapping"})

    def __init__(self, clients: Clients, surroundings: Surroundings) -> None:
        self._clients = clients
        self._around = surroundings
        self._roles = ExecutionRoles(clients)
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def create(self, request: ResourceRequest) -> ResourceResult:
        mapping = _parse(request)
        identifier = str(uuid.uuid4())
        entry = _Entry(mapping)
        with self._lock:
            self._refuse_twin(mapping)
            self._entries[identifier] = entry
        try:
            self._start(entry)
        except ResourceFailed:
            with self._lock:
                del self._entries[identifier]
            raise
        return _result(request, identifier)

    def update(self, request: ResourceRequest) -> ResourceResult:
        if is_replaced(request.old_properties, request.properties):
            return self.create(request)
        mapping = _parse(request)
        with self._lock:
            entry = self._entries.get(str(request.physical_id))
        if entry is None:
            raise ResourceFailed(f"The event source mapping {request.physical_id} does not exist.")
        self._require_access(mapping)
        self._stop(entry)
        entry.mapping = mapping
        self._start(entry)
        return _result(request, str(request.physical_id))

    def delete(self, request: ResourceRequest) -> None:
        with self._lock:
            entry = self._entries.pop(str(request.physical_id), None)
        if entry is not None:
            self._stop(entry)

    def heard(self, service: str, operation: str, account: str, region: str, body: bytes | None) -> None:
        """Somebody of that account called AWS; what may have filled a source wakes its pollers. Returns at once.

        Without a `body` it may have been any source.
        """
        kinds, operations = _WRITES.get(service, (frozenset(), frozenset()))
        if operation not in operations:
            return
        naming = body if operation in _NAMING else None
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            mapping, poller = entry.mapping, entry.poller
            if poller is None or mapping.kind not in kinds or mapping.source_place != (account, region):
                continue
            if naming is None or mapping.source_name.encode() in naming:
                poller.ring()

    def stop(self) -> None:
        """Nothing new begins; does not wait."""
        with self._lock:
            pollers = [entry.poller for entry in self._entries.values() if entry.poller]
        for poller in pollers:
            poller.stop()

    def join(self) -> None:
        """Waits a moment for what runs: the functions have been ended by now."""
        for entry in self._entries.values():
            if entry.poller is not None:
                entry.poller.join(_JOIN_SECONDS)

    def _refuse_twin(self, mapping: EventSourceMapping) -> None:
        for identifier, entry in self._entries.items():
            if (entry.mapping.source_arn, entry.mapping.function) == (mapping.source_arn, mapping.function):
                raise ResourceFailed(
                    f"An event source mapping with event source arn ({mapping.source_arn}) and function "
                    f"({mapping.function}) already exists. Please update or delete the existing mapping with "
                    f"UUID {identifier}"
                )

    def _start(self, entry: _Entry) -> None:
        """Raises ResourceFailed, with nothing started, where the function's role may not read the source."""
        mapping = entry.mapping
        self._require_access(mapping)
        if not mapping.is_enabled:
            return
        poller = self._poller(entry)
        try:
            poller.start()
        except AccessDenied as exc:
            raise ResourceFailed(str(exc)) from exc
        except (ClientError, BotoCoreError) as exc:
            raise ResourceFailed(f"Cannot access {mapping.source_arn} with the function's role. {exc}") from exc
        entry.poller = poller

    def _poller(self, entry: _Entry) -> Poller:
        mapping, state = entry.mapping, entry.state
        if mapping.kind is SourceKind.SQS:
            queue_owner = self._clients.root(*mapping.source_place).client("sqs")
            queue_state = state if isinstance(state, QueueState) else QueueState()
            return QueuePoller(mapping, queue_state, self._roles, queue_owner, self._around)
        stream_state = state if isinstance(state, StreamState) else StreamState()
        source = stream_source(mapping, self._roles, self._clients.root(*mapping.source_place))
        return StreamPoller(mapping, stream_state, self._roles, source, self._around)

    def _stop(self, entry: _Entry) -> None:
        if entry.poller is None:
            return
        entry.poller.stop()
        entry.state = entry.poller.join()
        entry.poller = None

    def _require_access(self, mapping: EventSourceMapping) -> None:
        """What Lambda checks of a queue when a mapping is made."""
        try:
            role = self._roles.of(mapping.function)
            if mapping.kind is SourceKind.SQS:
                self._require_queue_access(mapping, role)
        except (ClientError, BotoCoreError) as exc:
            raise ResourceFailed(str(exc)) from exc

    def _require_queue_access(self, mapping: EventSourceMapping, role: ExecutionRole) -> None:
        if denied := self._roles.denied(role, _QUEUE_ACTIONS, mapping.source_arn):
            name = denied[0].partition(":")[2]
            raise ResourceFailed(
                f"The provided execution role does not have permissions to call {name} on SQS ({mapping.source_arn})"
            )
        account, _ = mapping.source_place
        sqs: Any = role.session.client("sqs")
        url = f"{sqs.meta.endpoint_url}/{account}/{mapping.source_arn.rpartition(':')[2]}"
        visibility = int(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"][
                "VisibilityTimeout"
            ]
        )
        if visibility < role.function.timeout_seconds:
            raise ResourceFailed(
                f"Queue visibility timeout: {visibility} seconds is less than Function timeout: "
                f"{role.function.timeout_seconds} seconds"
            )


def _parse(request: ResourceRequest) -> EventSourceMapping:
    if names := list(unsupported(request.properties)):
        raise ResourceUnsupported(f"{request.logical_id}: {', '.join(names)}: not supported by the local run.")
    try:
        return parse_mapping(request.properties, account=request.account, region=request.region)
    except ValueError as exc:
        raise ResourceFailed(f"{request.logical_id}: {exc}") from exc


def _result(request: ResourceRequest, identifier: str) -> ResourceResult:
    arn = f"arn:aws:lambda:{request.region}:{request.account}:event-source-mapping:{identifier}"
    return ResourceResult(identifier, {"Id": identifier, "EventSourceMappingArn": arn})

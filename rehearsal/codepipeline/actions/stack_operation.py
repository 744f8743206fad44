"""An operation that CloudFormation performs on a stack: its events as they happen, and how it ended.

It must not start operations. Source: CloudFormation user guide, "Stack status codes"; API DescribeStackEvents.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.errors import ActionFailed

_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.05, 0.25  # most operations are quick
_SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE"})
_CANCELLED = ("resource creation cancelled", "resource update cancelled")
_STACK_TYPE = "AWS::CloudFormation::Stack"


class StackOperation:
    """Call `begin`, start the operation, then wait.

    `client` has the action's role. `observer` is a session of our own and reads the events only: what is seen of a
    stack must not depend on what the role may read.
    """

    def __init__(
        self, stack_name: str, *, client: Any, observer: Any, say: Callable[[str], None], is_stopped: Callable[[], bool]
    ) -> None:
        self._name = stack_name
        self._client, self._observer = client, observer
        self._say, self._is_stopped = say, is_stopped
        self._stack_id = stack_name
        self._poll_seconds = _FIRST_POLL_SECONDS
        self._seen: set[str] = set()
        self._events: list[dict[str, Any]] = []

    def status(self) -> str | None:
        """The stack's status, None when there is no such stack."""
        self._stack_id = self._name
        return self._status_now()

    def _status_now(self) -> str | None:
        """By its id once that is known: a deleted stack is found by its id alone."""
        try:
            stack = self._client.describe_stacks(StackName=self._stack_id)["Stacks"][0]
        except ClientError as exc:
            if "does not exist" in str(exc):
                return None
            raise
        self._stack_id = stack["StackId"]
        return str(stack["StackStatus"])

    def begin(self) -> None:
        """From here on events count: those that there are belong to earlier operations."""
        self._stack_id = self._name
        self._events = []
        for event in self._newest_events(self._name):
            self._seen.add(event["EventId"])

    def wait_for_stack(self) -> None:
        """Until the operation has ended. Raises ActionFailed unless it succeeded."""
        while True:
            status = self._status_now()
            self._tell_events()
            if status is None or not status.endswith("_IN_PROGRESS"):
                break
            self._pause()
        if status is not None and status not in _SUCCEEDED:
            raise ActionFailed(self._failure(status))

    def wait_for_change_set(self, name: str) -> dict[str, Any]:
        """The change set's description when it is made, or could not be."""
        while True:
            change_set: dict[str, Any] = self._client.describe_change_set(StackName=self._name, ChangeSetName=name)
            if not change_set["Status"].endswith(("_IN_PROGRESS", "_PENDING")):
                return change_set
            self._pause()

    def _pause(self) -> None:
        if self._is_stopped():
            raise ActionFailed(f"The run was stopped while {self._name} was being deployed.")
        time.sleep(self._poll_seconds)
        self._poll_seconds = min(2 * self._poll_seconds, _LONGEST_POLL_SECONDS)

    def _tell_events(self) -> None:
        new = [event for event in self._newest_events(self._stack_id) if event["EventId"] not in self._seen]
        for event in reversed(new):
            self._seen.add(event["EventId"])
            self._events.append(event)
            words = (event.get("ResourceStatus"), event.get("ResourceType"), event.get("LogicalResourceId"))
            reason = event.get("ResourceStatusReason")
            self._say(" ".join(str(word) for word in words if word) + (f": {reason}" if reason else ""))

    def _newest_events(self, stack: str) -> Iterator[dict[str, Any]]:
        """Newest first, as CloudFormation lists them, until one that was seen before."""
        token: dict[str, str] = {}
        while True:
            try:
                page = self._observer.describe_stack_events(StackName=stack, **token)
            except ClientError as exc:
                if "does not exist" in str(exc):
                    return
                raise
            yield from page["StackEvents"]
            if not page.get("NextToken") or any(event["EventId"] in self._seen for event in page["StackEvents"]):
                return
            token = {"NextToken": page["NextToken"]}

    def _failure(self, status: str) -> str:
        first = next(filter(_is_cause, self._events), None)
        if first is None:
            return f"{self._name} ended in {status}."
        inner = self._inner_failure(first)
        cause = inner or first
        resource = f"{cause.get('LogicalResourceId')} ({cause.get('ResourceType')})"
        reason = cause.get("ResourceStatusReason", "no reason given")
        return f"{self._name} ended in {status}. {resource} {cause.get('ResourceStatus')}: {reason}"

    def _inner_failure(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """The cause within a nested stack, whose own event only says that it failed."""
        nested = event.get("PhysicalResourceId")
        if event.get("ResourceType") != _STACK_TYPE or not nested or nested == event.get("StackId"):
            return None
        causes = [inner for inner in self._newest_events(nested) if _is_cause(inner) and inner["StackId"] == nested]
        last_failures = [inner for inner in causes if inner["Timestamp"] >= self._events[0]["Timestamp"]]
        return last_failures[-1] if last_failures else None


def _is_cause(event: dict[str, Any]) -> bool:
    """A resource's own failure, not one that was cancelled because another failed, nor the stack's summary of it."""
    reason = str(event.get("ResourceStatusReason", "")).lower()
    is_stack_itself = event.get("PhysicalResourceId") == event.get("StackId")
    return (
        str(event.get("ResourceStatus", "")).endswith("_FAILED")
        and not is_stack_itself
        and not any(words in reason for words in _CANCELLED)
    )

"""`python -m integ.leftovers`: what a release has left behind that a good one must not. Exit code 1 when there is some.

An alarm that nobody answers mutes itself: the next trouble calls nobody. So a good release leaves no alarm in ALARM, no
message in a queue of failures, and of the cars of tests nothing but what goes by itself within a day.

It looks into every account for which AWS_CONFIG_FILE has a profile (a rehearsal's `--check` sets it), and changes
nothing. It must not know the service's code: what it looks for, it finds through AWS.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session

PREFIXES = ("e2e-", "release-")
"""Of the ids that the end-to-end tests and the hooks make up. The prober's cars come and go all the time."""

SOON_SECONDS = 24 * 3600


def main() -> int:
    found = leftovers(sessions())
    lines = [f"left behind: {one}" for one in found]
    nothing = "Nothing is left behind: no alarm, no message that failed, nothing of the tests."
    sys.stdout.write("\n".join(lines or [nothing]) + "\n")
    return 1 if found else 0


def sessions() -> list[boto3.Session]:
    """One for each account that has a profile."""
    profiles = [name for name in botocore.session.Session().available_profiles if name != "default"]
    if not profiles:
        raise SystemExit("There is no profile in AWS_CONFIG_FILE: run this through a rehearsal's --check.")
    return [boto3.Session(profile_name=name) for name in profiles]


def leftovers(accounts: list[boto3.Session]) -> list[str]:
    """In words; each names the account."""
    return [
        f"{account}: {words}"
        for session in accounts
        for account in [session.client("sts").get_caller_identity()["Account"]]
        for look in (_alarms, _failed_messages, _items)
        for words in look(session)
    ]


def _alarms(session: boto3.Session) -> Iterator[str]:
    pages = session.client("cloudwatch").get_paginator("describe_alarms").paginate(StateValue="ALARM")
    for page in pages:
        for alarm in [*page["MetricAlarms"], *page["CompositeAlarms"]]:
            yield f"alarm {alarm['AlarmName']} is in ALARM: {alarm.get('StateReason', 'no reason')}"


def _failed_messages(session: boto3.Session) -> Iterator[str]:
    """A queue of failures is one on whose every message there is an alarm."""
    sqs = session.client("sqs")
    for name in sorted(_watched_queues(session)):
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if count := sum(int(value) for value in attributes.values()):
            yield f"queue {name} holds {count} of what failed"


def _watched_queues(session: boto3.Session) -> Iterator[str]:
    for page in session.client("cloudwatch").get_paginator("describe_alarms").paginate():
        for alarm in page["MetricAlarms"]:
            if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible" and alarm.get("Threshold") == 0:
                yield from (found["Value"] for found in alarm["Dimensions"] if found["Name"] == "QueueName")


def _items(session: boto3.Session) -> Iterator[str]:
    dynamodb = session.client("dynamodb")
    names = (name for page in dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"])
    for name in names:
        for page in dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
            for item in page["Items"]:
                ids = [value["S"] for value in item.values() if value.get("S", "").startswith(PREFIXES)]
                if ids and not _goes_soon(item):
                    yield f"table {name} holds an item of {', '.join(ids)}"


def _goes_soon(item: dict[str, Any]) -> bool:
    return float(item.get("expires_at", {}).get("N", "inf")) < time.time() + SOON_SECONDS


if __name__ == "__main__":
    raise SystemExit(main())

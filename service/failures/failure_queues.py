"""The one way this service keeps what has failed for good: a queue, and the output by which redrive finds it.

It must not know what handles a failure again: `service/failures/redrive` does.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from service.acknowledgements import acknowledge
from service.failures.redrive.failure_kind import FailureKind, output_id

RETENTION = cdk.Duration.days(14)
"""The longest that SQS keeps a message: an alarm has to find a person, and the person a fix."""


class FailureQueue(sqs.Queue):
    """A queue whose messages wait for a person.

    `kind` says whose failures it holds, and so what its messages look like; `holds` describes its output. Its alarm is
    `monitoring.queued_failures_alarm`; `service/failures/failure_paths.py` fails synth without one.
    """

    def __init__(self, scope: Construct, construct_id: str, *, kind: FailureKind, holds: str) -> None:
        super().__init__(scope, construct_id, enforce_ssl=True, retention_period=RETENTION)
        self.kind = kind
        acknowledge(self, {"SQS3": "It is the last stop itself: what is in it waits for a person, and for redrive."})
        cdk.CfnOutput(cdk.Stack.of(self), output_id(construct_id, kind), value=self.queue_url, description=holds)

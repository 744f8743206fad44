from __future__ import annotations

import aws_cdk as cdk
import cdk_nag
from aws_cdk.assertions import Template

from service.failures.failure_queues import FailureQueue
from service.failures.redrive.failure_kind import FailureKind


def test_failures_are_kept_for_two_weeks_found_by_an_output_and_safe() -> None:
    # given
    app = cdk.App()
    stack = cdk.Stack(app, "Some")
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    # when
    queue = FailureQueue(stack, "Undelivered", kind=FailureKind.STREAM, holds="What could not be delivered")
    # then
    template = Template.from_stack(stack)
    url = stack.resolve(queue.queue_url)
    template.has_output("UndeliveredStreamFailuresUrl", {"Value": url, "Description": "What could not be delivered"})
    template.has_resource_properties("AWS::SQS::Queue", {"MessageRetentionPeriod": 14 * 24 * 3600})
    template.has_resource_properties(
        "AWS::SQS::QueuePolicy",
        {
            "PolicyDocument": {
                "Statement": [{"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]
            }
        },
    )

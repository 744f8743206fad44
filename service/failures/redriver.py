"""What an operator has to be allowed to run `python -m service.failures.redrive` on a stage, and nothing beyond.

Nothing is attached to it here: who the operators are is the account's to say. The units' queues and functions have the
names that CloudFormation gave them, which begin with their stack's; an import of each would tie every unit to this.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from service.acknowledgements import acknowledge
from service.function import ALIAS_NAME
from service.service_settings import ServiceSettings


def redriver_policy(operators: cdk.Stack, *, settings: ServiceSettings) -> iam.ManagedPolicy:
    """A policy for this stage's stacks, as "Prod-*", and its ARN as an output."""
    stacks = f"{operators.stack_name.removesuffix(operators.node.id)}*"
    failure_queues = _arn(operators, "sqs", stacks)
    subscriptions = _arn(operators, "sns", stacks)
    functions = _arn(operators, "lambda", f"function:{stacks}:{ALIAS_NAME}")
    streams = _arn(operators, "dynamodb", f"table/{stacks}/stream/*")
    policy = iam.ManagedPolicy(
        operators,
        "Redriver",
        description=f"Have what failed for good handled again, in {settings.stage_name}",
        statements=[
            _allow("FindQueues", ["cloudformation:DescribeStacks", "cloudformation:ListStacks"], "*"),
            _allow(
                "TakeFailures",
                [
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:ChangeMessageVisibility",
                    "sqs:GetQueueAttributes",
                ],
                failure_queues,
            ),
            _allow(
                "SendBack",
                ["sqs:GetQueueUrl", "sqs:SendMessage"],
                _arn(operators, "sqs", settings.maintenance_queue_name),
            ),
            _allow(
                "FindSubscriptions", ["sns:ListSubscriptionsByTopic", "sns:GetSubscriptionAttributes"], subscriptions
            ),
            _allow("Publish", ["sns:Publish"], subscriptions),
            _allow("CallFunctions", ["lambda:InvokeFunction"], functions),
            _allow("ReadChanges", ["dynamodb:GetShardIterator", "dynamodb:GetRecords"], streams),
            _allow(
                "ReadAndPutRecords",
                ["kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:PutRecord"],
                _arn(operators, "kinesis", f"stream/{settings.telemetry_stream_name}"),
            ),
        ],
    )
    reason = "Names that CloudFormation chose, of this stage's stacks alone: see service/failures/redriver.py."
    acknowledge(
        policy,
        {
            "IAM5[Resource::*]": "CloudFormation lists stacks for whoever may describe all of them.",
            **{
                f"IAM5[Resource::{resource}]": reason
                for resource in (failure_queues, subscriptions, functions, streams)
            },
        },
    )
    cdk.CfnOutput(
        operators,
        "RedriverPolicyArn",
        value=policy.managed_policy_arn,
        description="Attach it to whoever may run `python -m service.failures.redrive`",
    )
    return policy


def _allow(sid: str, actions: list[str], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=actions, resources=[resource])


def _arn(stack: cdk.Stack, service: str, name: str) -> str:
    return f"arn:aws:{service}:{stack.region}:{stack.account}:{name}"

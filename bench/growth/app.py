"""A CDK Pipelines app of any size: small stacks, each with a few resources and with references to others of its stage.

    CDK_OUTDIR=… python -m bench.growth.app STACKS STAGES

Its Build copies the folder `assembly` of its source, in which the app's own cloud assembly is: what is measured is
the rehearsal, not a synthesis. It must not be near a limit of CodePipeline (50 stages, 1000 actions, 50 in a stage).
"""

from __future__ import annotations

import sys

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from aws_cdk import pipelines
from constructs import Construct

REGION = "eu-west-1"
TOOLCHAIN = "111111111111"
ACCOUNTS = ("222222222222", "333333333333")
STACK = "GrowthPipeline"
BUILD = 'cp -R assembly "$CODEBUILD_SRC_DIR/cdk.out"'


class Unit(cdk.Stack):
    """A queue that hears a topic of its own and of those units that it depends on; a bucket; a parameter."""

    def __init__(self, scope: Construct, construct_id: str, *, heard: list[Unit], env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        self.topic = sns.Topic(self, "Topic")
        queue = sqs.Queue(self, "Queue")
        self.topic.add_subscription(subscriptions.SqsSubscription(queue))
        bucket = s3.Bucket(self, "Bucket", enforce_ssl=True)
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                principals=[iam.AccountPrincipal(self.account)],
                resources=[bucket.arn_for_objects("*")],
            )
        )
        names = [unit.topic.topic_name for unit in heard]
        ssm.StringParameter(self, "Parameter", string_value=cdk.Fn.join(",", [queue.queue_name, *names]))


class Copy(cdk.Stage):
    """So many units. Each hears the first one and the one in the middle of those before it."""

    def __init__(self, scope: Construct, construct_id: str, *, units: int, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        made: list[Unit] = []
        for number in range(units):
            heard = [made[index] for index in sorted({0, number // 2}) if index < number]
            made.append(Unit(self, f"Unit{number:02}", heard=heard, env=env))


class PipelineStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str, *, stacks: int, stages: int, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        connection = f"arn:aws:codeconnections:{REGION}:{TOOLCHAIN}:connection/00000000-0000-4000-8000-000000000000"
        source = pipelines.CodePipelineSource.connection("acme/growth", "main", connection_arn=connection)
        release = pipelines.CodePipeline(
            self,
            "Release",
            synth=pipelines.ShellStep("Synth", input=source, commands=[BUILD]),
            pipeline_type=codepipeline.PipelineType.V2,
            cross_account_keys=True,
        )
        for number, units in enumerate(shares(stacks, stages)):
            environment = cdk.Environment(account=ACCOUNTS[number % len(ACCOUNTS)], region=REGION)
            release.add_stage(Copy(self, f"Stage{number:02}", units=units, env=environment))


def shares(stacks: int, stages: int) -> list[int]:
    """How many stacks each stage has: as many as any other, or one more."""
    return [stacks // stages + (number < stacks % stages) for number in range(stages)]


def main() -> None:
    stacks, stages = (int(word) for word in sys.argv[1:])
    app = cdk.App()
    environment = cdk.Environment(account=TOOLCHAIN, region=REGION)
    PipelineStack(app, STACK, stacks=stacks, stages=stages, env=environment)
    app.synth()


if __name__ == "__main__":
    main()

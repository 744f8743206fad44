"""Watches the release pipeline: a function that hears what happens in it, alarms on what stands still, a dashboard.

It hears CodePipeline in its own account, and CodeDeploy by a bus on which each stage's account tells of its traffic
shifts (service/release/forwarder.py); and it reads those by the stage's read-only role, for its news and figures. It
must not be in the way of a release: nothing waits for it. Its code knows nothing of the service, or every change of the
service would change the pipeline's stack.
The bus takes events of CodeDeploy alone, and of one role of each stage's account: by `aws:PrincipalArn`, which every
signed request has; that this role is only the rule's says its own trust policy.
Sources: CodePipeline user guide, "Monitoring CodePipeline events" (at least once); EventBridge user guide, "Permissions
for event buses in Amazon EventBridge", "Using IAM policy conditions"; service authorization reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from config import StageConfiguration
from pipeline.monitor.alarms import pipeline_alarms
from pipeline.monitor.dashboard import pipeline_dashboard
from pipeline.monitor.runtime.news import ACTION_EVENT, APPROVAL, ENDS, PIPELINE_EVENT
from pipeline.monitor.runtime.settings import Setting
from pipeline.names import SELF_MUTATION
from pipeline.steps import role_arn
from service.acknowledgements import acknowledge
from service.function import ServiceFunction
from service.release.forwarder import DETAIL_TYPE, SOURCE

CODE = ("pipeline/monitor/runtime", "pipeline/executions", "pipeline/shifts")
MEASURED_EVERY_MINUTES = 15
_KEPT_DAYS = 14


class Monitor(Construct):
    """`topic` is told. `stages` are those that are deployed, by name; prod's settings say for how long logs are kept,
    where the runbook is, and what is called how.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        prod_stage: str,
        stages: Mapping[str, StageConfiguration],
        approval_timeout_hours: int,
        topic: sns.Topic,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = stages[prod_stage].service
        self._pipeline_name = pipeline_name
        self._readers = {
            name: {
                "role_arn": role_arn(stage, stage.service.release_reader_role_name),
                "region": stage.environment.region,
            }
            for name, stage in stages.items()
        }
        self._failed = self._failed_queue()
        self._function = ServiceFunction(
            self,
            "Monitor",
            description="Measures the release pipeline, and tells its release managers what is news",
            code=CODE,
            handler="pipeline.monitor.runtime.handler.handle",
            timeout_seconds=300,  # a cold start reads every execution of a month, a call each
            memory_mib=256,
            environment={
                Setting.PIPELINE_NAME: pipeline_name,
                Setting.PROD_STAGE: prod_stage,
                Setting.STAGES: json.dumps(self._readers, sort_keys=True),
                Setting.SELF_MUTATION_STAGE: SELF_MUTATION,
                Setting.TOPIC_ARN: topic.topic_arn,
                Setting.APPROVAL_TIMEOUT_HOURS: str(approval_timeout_hours),
                Setting.RUNBOOK_URL: settings.runbook_url,
            },
            settings=settings,
        )
        function = self._function.function
        function.configure_async_invoke(
            retry_attempts=2,
            max_event_age=cdk.Duration.hours(1),
            on_failure=destinations.SqsDestination(self._failed),
        )
        _name_role(function, settings.monitor_role_name)
        self._grant(topic)
        self._hear()
        self._hear_deployments(stages.values(), bus_name=settings.deployments_bus_name)
        alarms = pipeline_alarms(
            self,
            pipeline_name=pipeline_name,
            approval_timeout_hours=approval_timeout_hours,
            failed_queue=self._failed,
            topic=topic,
            runbook_url=settings.runbook_url,
        )
        pipeline_dashboard(self, pipeline_name=pipeline_name, alarms=alarms)

    def _failed_queue(self) -> sqs.Queue:
        queue = sqs.Queue(self, "Failed", enforce_ssl=True, retention_period=cdk.Duration.days(_KEPT_DAYS))
        acknowledge(queue, {"SQS3": "It is the last stop itself: what is in it waits for a person."})
        return queue

    def _grant(self, topic: sns.Topic) -> None:
        stack = cdk.Stack.of(self)
        arn = stack.format_arn(service="codepipeline", resource=self._pipeline_name)
        function = self._function.function
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=[
                    "codepipeline:GetPipelineState",
                    "codepipeline:ListActionExecutions",
                    "codepipeline:ListPipelineExecutions",
                ],
                resources=[arn],
            )
        )
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["sts:AssumeRole"], resources=[reader["role_arn"] for reader in self._readers.values()]
            )
        )
        topic.grant_publish(function)
        acknowledge(self._function, {"IAM5[Action::kms:GenerateDataKey*]": "CDK's grant on the topic's own key."})

    def _hear(self) -> None:
        of_pipeline = {"pipeline": [self._pipeline_name]}
        self._rule("Ended", PIPELINE_EVENT, {**of_pipeline, "state": list(ENDS)})
        self._rule(
            "ApprovalWaits", ACTION_EVENT, {**of_pipeline, "state": ["STARTED"], "type": {"category": [APPROVAL]}}
        )
        # Nothing happens in what stands still, so nobody would hear of it.
        events.Rule(
            self,
            "Measured",
            schedule=events.Schedule.rate(cdk.Duration.minutes(MEASURED_EVERY_MINUTES)),
            targets=[self._target()],
        )

    def _hear_deployments(self, stages: Iterable[StageConfiguration], *, bus_name: str) -> None:
        bus = events.EventBus(
            self,
            "Deployments",
            event_bus_name=bus_name,
            description="Where the stages tell of their traffic shifts",
        )
        before: cdk.CfnResource | None = None
        for stage in stages:
            statement_id = f"TrafficShiftsOf{stage.service.stage_name.capitalize()}"
            # Not by the library's class: it warns of a property that is deprecated, and that nobody gives here.
            policy = cdk.CfnResource(
                self,
                statement_id,
                type="AWS::Events::EventBusPolicy",
                properties={
                    "EventBusName": bus.event_bus_name,
                    "StatementId": statement_id,
                    "Statement": _may_tell(bus, stage, statement_id).to_statement_json(),
                },
            )
            if before is not None:
                policy.node.add_dependency(before)  # of two changes of a bus at once EventBridge may refuse one
            before = policy
        events.Rule(
            self,
            "Shifted",
            event_bus=bus,
            event_pattern=events.EventPattern(source=[SOURCE], detail_type=[DETAIL_TYPE]),
            targets=[self._target()],
        )

    def _rule(self, rule_id: str, detail_type: str, detail: dict[str, object]) -> None:
        events.Rule(
            self,
            rule_id,
            event_pattern=events.EventPattern(source=["aws.codepipeline"], detail_type=[detail_type], detail=detail),
            targets=[self._target()],
        )

    def _target(self) -> targets.LambdaFunction:
        return targets.LambdaFunction(self._function.function, dead_letter_queue=self._failed)


def _may_tell(bus: events.IEventBus, stage: StageConfiguration, sid: str) -> iam.PolicyStatement:
    forwarder = role_arn(stage, stage.service.deployments_forwarder_role_name)
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.AccountPrincipal(stage.environment.account)],
        actions=["events:PutEvents"],
        resources=[bus.event_bus_arn],
        conditions={
            "ArnEquals": {"aws:PrincipalArn": forwarder},
            "StringEquals": {"events:source": SOURCE, "events:detail-type": DETAIL_TYPE},
        },
    )


def _name_role(function: lambda_.IFunction, name: str) -> None:
    """By its name the roles of the stages trust it."""
    assert function.role is not None
    cfn_role = function.role.node.default_child
    assert isinstance(cfn_role, iam.CfnRole)
    cfn_role.role_name = name

"""Watches the release pipeline: a function that hears what happens in it, alarms on what stands still, a dashboard.

It hears CodePipeline alone, of its own account: CodeDeploy's events are in the accounts of the stages, and what a
deployment there does to a release CodePipeline tells as well, as the end of the action that waits for it. It must not
be in the way of a release: nothing waits for it. Its code knows nothing of the service, or every change of the service
would change the pipeline's stack.
Sources: CodePipeline user guide, "Monitoring CodePipeline events" (at least once); service authorization reference.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from pipeline.monitor.alarms import pipeline_alarms
from pipeline.monitor.dashboard import pipeline_dashboard
from pipeline.monitor.runtime.news import ACTION_EVENT, APPROVAL, ENDS, PIPELINE_EVENT
from pipeline.monitor.runtime.settings import Setting
from pipeline.names import SELF_MUTATION
from service.acknowledgements import acknowledge
from service.function import ServiceFunction
from service.service_settings import ServiceSettings

CODE = ("pipeline/monitor/runtime", "pipeline/executions")
MEASURED_EVERY_MINUTES = 15
_KEPT_DAYS = 14


class Monitor(Construct):
    """`topic` is told; `settings` are prod's: for how long logs are kept, and where the runbook is."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        prod_stage: str,
        approval_timeout_hours: int,
        topic: sns.Topic,
        settings: ServiceSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._pipeline_name = pipeline_name
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
        self._grant(topic)
        self._hear()
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

    def _rule(self, rule_id: str, detail_type: str, detail: dict[str, object]) -> None:
        events.Rule(
            self,
            rule_id,
            event_pattern=events.EventPattern(source=["aws.codepipeline"], detail_type=[detail_type], detail=detail),
            targets=[self._target()],
        )

    def _target(self) -> targets.LambdaFunction:
        return targets.LambdaFunction(self._function.function, dead_letter_queue=self._failed)

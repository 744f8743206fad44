"""Tells the release managers what wants a person: one topic, to which the pipeline's approval and its rules publish.

- The approval itself tells that it waits, with its question and its link (`NotificationArn`).
- A rule tells that it was rejected, timed out or was abandoned: on AWS all but the last is a FAILED approval action.
- A rule tells that another stage failed. What fails an action fails its stage, and with it the execution, which is
  therefore told once; the approval's own stage is left out for the same reason, and a rule tells that the evidence
  before the approval could not be made.
- A rule tells that an execution was stopped, or that a rollback began; when that fails, its stage does.

It must not tell what goes well, nor decide what is a failure.
Sources: CodePipeline user guide, "Monitoring CodePipeline events", "Configure stage rollback", "Manage approval
actions"; EventBridge user guide, "Using IAM policy conditions" (`aws:SourceArn` is the rule's), "Using resource-based
policies" (no role for an encrypted topic); SNS developer guide, "Managing encryption keys and costs".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk.interfaces.aws_events import IRuleRef
from constructs import Construct

_PIPELINE, _STAGE, _ACTION = (f"CodePipeline {what} Execution State Change" for what in ("Pipeline", "Stage", "Action"))
_ROLLBACKS = ["AutomatedRollback", "ManualRollback"]


class Notifications(Construct):
    """The topic is there from the start; `watch` adds the rules. `email` is subscribed once its owner confirms."""

    def __init__(self, scope: Construct, construct_id: str, *, email: str | None) -> None:
        super().__init__(scope, construct_id)
        key = kms.Key(
            self,
            "Key",
            description="Encrypts what the release pipeline tells its release managers",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        # Not limited to the rules: whether EventBridge names them to KMS, no page says. The topic's policy limits them.
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventBridgeWritesToTheTopic",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
            )
        )
        self.topic = sns.Topic(self, "Releases", display_name="Car service, releases", master_key=key, enforce_ssl=True)
        if email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))

    def watch(self, pipeline_name: str, *, approval_stage: str, runbook_url: str) -> None:
        """Adds the rules on the pipeline of this name. `approval_stage` is the stage that asks."""
        fields = ("execution-id", "stage", "state", "execution-trigger.trigger-type")
        execution, stage, state, trigger = (events.EventField.from_path(f"$.detail.{field}") for field in fields)
        see = f"Execution {execution}. What to do: {runbook_url}/release.md"
        of_pipeline = {"pipeline": [pipeline_name]}
        rules = [
            self._rule(
                "ApprovalNotGiven",
                _ACTION,
                {**of_pipeline, "type": {"category": ["Approval"]}, "state": ["FAILED", "ABANDONED"]},
                f"The release was not approved in {stage}: rejected, or not answered in time ({state}). {see}",
            ),
            self._rule(
                "EvidenceNotMade",
                _ACTION,
                {**of_pipeline, "stage": [approval_stage], "type": {"category": ["Build"]}, "state": ["FAILED"]},
                f"Evidence of a release could not be made, so nobody was asked for it. {see}",
            ),
            self._rule(
                "StageFailed",
                _STAGE,
                {**of_pipeline, "stage": events.Match.anything_but(approval_stage), "state": ["FAILED"]},
                f"Stage {stage} of {pipeline_name} failed. {see}",
            ),
            self._rule(
                "ReleaseStopped",
                _PIPELINE,
                {**of_pipeline, "state": ["STOPPED"]},
                f"Somebody stopped a release of {pipeline_name}. {see}",
            ),
            self._rule(
                "RollbackBegun",
                _PIPELINE,
                {**of_pipeline, "state": ["STARTED"], "execution-trigger": {"trigger-type": _ROLLBACKS}},
                f"A stage of {pipeline_name} is being rolled back ({trigger}). {see}",
            ),
        ]
        self._allow(rules)

    def _rule(self, rule_id: str, detail_type: str, detail: Mapping[str, Any], text: str) -> events.Rule:
        return events.Rule(
            self,
            rule_id,
            event_pattern=events.EventPattern(
                source=["aws.codepipeline"], detail_type=[detail_type], detail=dict(detail)
            ),
            targets=[_Publication(self.topic, text)],
        )

    def _allow(self, rules: Sequence[events.Rule]) -> None:
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="RulesOnThePipeline",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"ArnEquals": {"aws:SourceArn": [rule.rule_arn for rule in rules]}},
            )
        )


@jsii.implements(events.IRuleTarget)
class _Publication:
    """The topic as a target. CDK's own would allow every rule of every account to publish to it."""

    def __init__(self, topic: sns.Topic, text: str) -> None:
        self._topic = topic
        self._text = text

    def bind(self, rule: IRuleRef, id: str | None = None) -> events.RuleTargetConfig:
        return events.RuleTargetConfig(
            arn=self._topic.topic_arn, input=events.RuleTargetInput.from_text(self._text), target_resource=self._topic
        )

"""The one question that the pipeline asks a person, with what they need to answer it.

It stands in a stage of its own: a rejection fails its stage, and must not roll back one that is well.
"""

from __future__ import annotations

import aws_cdk as cdk
import jsii
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as codepipeline_actions
from aws_cdk import pipelines


@jsii.implements(pipelines.ICodePipelineActionFactory)
class ApprovalStep(pipelines.Step):
    """A manual approval with a timeout, which `pipelines.ManualApprovalStep` lacks: unanswered counts as rejected.

    `comment` and `review_url` may hold variables of the execution. That it waits is told by pipeline/monitor.
    """

    def __init__(self, step_id: str, *, comment: str, review_url: str, timeout: cdk.Duration) -> None:
        super().__init__(step_id)
        self._comment = comment
        self._review_url = review_url
        self._timeout = timeout
        self._discover_referenced_outputs([comment, review_url])

    def produce_action(
        self, stage: codepipeline.IStage, options: pipelines.ProduceActionOptions
    ) -> pipelines.CodePipelineActionFactoryResult:
        """Called by CDK Pipelines, which hands the options over as one object, not as keywords."""
        stage.add_action(
            codepipeline_actions.ManualApprovalAction(
                action_name=options.action_name,
                run_order=options.run_order,
                additional_information=self._comment,
                external_entity_link=self._review_url,
                timeout=self._timeout,
            )
        )
        return pipelines.CodePipelineActionFactoryResult(run_orders_consumed=1)

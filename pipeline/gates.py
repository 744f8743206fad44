"""What stops a bad release after it was deployed: CodePipeline's stage conditions.

CDK Pipelines has no property for them, so they are written into the pipeline's template by stage name. It must not
decide which stages have which gates: pipeline_stack.py does.
Source: CodePipeline user guide, "How do stage conditions work?", "Configuring stage rollback", "Rule reference".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam

from config import BAKE_MINUTES_MAXIMUM
from pipeline.errors import PipelineError

RULES_MAXIMUM = 5
"""CodePipeline's, for one condition."""


@dataclass(frozen=True, kw_only=True)
class Bake:
    """After the stage succeeded, watch its alarms for `minutes`; one that goes into ALARM rolls the stage back.

    `role_arn` is a role in the alarms' account that may read them: CodePipeline's rules look into the account and
    region of the pipeline unless told otherwise.
    """

    alarm_names: tuple[str, ...]
    minutes: int
    role_arn: str
    region: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.alarm_names) <= RULES_MAXIMUM:
            raise PipelineError(
                f"a bake watches {len(self.alarm_names)} alarms; it has to be 1 to {RULES_MAXIMUM}, each a rule"
            )
        if not 1 <= self.minutes <= BAKE_MINUTES_MAXIMUM:
            raise PipelineError(
                f"a bake of {self.minutes} minutes; WaitTime is in minutes, from 1 to {BAKE_MINUTES_MAXIMUM} here"
            )


@dataclass(frozen=True, kw_only=True)
class StageGates:
    """The conditions of one stage. Rolling back means: deploy again what last succeeded there."""

    is_rolled_back_on_failure: bool
    bake: Bake | None = None


def add_gates(pipeline: codepipeline.Pipeline, gates: Mapping[str, StageGates]) -> None:
    """Gives each named stage its conditions, and the pipeline's role what they need; to be called when all is built.

    Raises PipelineError when a name is not a stage's: CodePipeline would run without the gate, and say nothing.
    """
    stage_names = [stage.stage_name for stage in pipeline.stages]
    unknown = sorted(set(gates) - set(stage_names))
    if unknown:
        raise PipelineError(f"gates for {', '.join(unknown)}, and the pipeline's stages are {', '.join(stage_names)}")
    resource = pipeline.node.default_child
    if not isinstance(resource, codepipeline.CfnPipeline):
        raise PipelineError(f"{pipeline.node.path} is not made of an AWS::CodePipeline::Pipeline")
    for stage_name, stage_gates in gates.items():
        path = f"Stages.{stage_names.index(stage_name)}"
        if stage_gates.is_rolled_back_on_failure:
            resource.add_property_override(f"{path}.OnFailure", {"Result": "ROLLBACK"})
        if stage_gates.bake:
            resource.add_property_override(f"{path}.OnSuccess", {"Conditions": [_condition(stage_gates.bake)]})
            _grant_reading_of_alarms(pipeline, stage_gates.bake)


def _condition(bake: Bake) -> dict[str, object]:
    """One condition: AWS allows no more than one of a kind to a stage. Its result is what happens when a rule fails."""
    return {
        "Result": "ROLLBACK",
        "Rules": [
            {
                "Name": alarm_name,
                "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "CloudWatchAlarm", "Version": "1"},
                "Configuration": {"AlarmName": alarm_name, "AlarmStates": "ALARM", "WaitTime": str(bake.minutes)},
                "RoleArn": bake.role_arn,
                "Region": bake.region,
            }
            for alarm_name in bake.alarm_names
        ],
    }


def _grant_reading_of_alarms(pipeline: codepipeline.Pipeline, bake: Bake) -> None:
    """CDK grants nothing for rules: the pipeline's role has to be allowed to become the one that reads the alarms."""
    pipeline.role.add_to_principal_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[bake.role_arn]))

"""A pipeline's definition: the properties of an AWS::CodePipeline::Pipeline, parsed once into frozen dataclasses.

It must not run anything, nor know whether the properties come from a template or from CloudFormation: intrinsics are
resolved before it sees them.

Source: "AWS::CodePipeline::Pipeline", "How do stage conditions work?", API_StageDeclaration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rehearsal.aws.resource import as_bool, as_int
from rehearsal.codepipeline.actions.action import ActionDeclaration, ActionType
from rehearsal.run_events import ActionShape, StageShape


class ExecutionMode(StrEnum):
    SUPERSEDED = "SUPERSEDED"
    QUEUED = "QUEUED"
    PARALLEL = "PARALLEL"


class ConditionResult(StrEnum):
    """What a stage does when a condition fails."""

    ROLLBACK = "ROLLBACK"
    FAIL = "FAIL"
    RETRY = "RETRY"
    SKIP = "SKIP"


class ConditionKind(StrEnum):
    BEFORE_ENTRY = "BeforeEntry"
    ON_SUCCESS = "OnSuccess"
    ON_FAILURE = "OnFailure"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a condition. `region` and `role_arn` are None when the pipeline's own apply."""

    name: str
    provider: str
    configuration: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    role_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Fails when any of its rules fails; `result` is what the stage does then."""

    result: ConditionResult
    rules: tuple[Rule, ...]
    has_result: bool = True


@dataclass(frozen=True, kw_only=True)
class OnFailure:
    """`result` applies to every failure of the stage; the condition's own result only when one of its rules fails.

    `is_retry_of_all_actions` tells ALL_ACTIONS from FAILED_ACTIONS.
    """

    result: ConditionResult | None = None
    condition: Condition | None = None
    is_retry_of_all_actions: bool = False


@dataclass(frozen=True, kw_only=True)
class StageDeclaration:
    name: str
    actions: tuple[ActionDeclaration, ...]
    before_entry: Condition | None = None
    on_success: Condition | None = None
    on_failure: OnFailure | None = None

    def by_run_order(self) -> Iterator[tuple[ActionDeclaration, ...]]:
        """Its actions in groups that run at the same time, one group after the other."""
        for order in sorted({action.run_order for action in self.actions}):
            yield tuple(action for action in self.actions if action.run_order == order)

    def shape(self) -> StageShape:
        """What is told of it."""
        is_rolled_back = self.on_failure is not None and self.on_failure.result is ConditionResult.ROLLBACK
        actions = tuple(
            ActionShape(action.name, action.action_type.provider, action.action_type.category, action.run_order)
            for action in self.actions
        )
        return StageShape(self.name, actions, "ROLLBACK" if is_rolled_back else "")

    def conditions(self) -> tuple[tuple[ConditionKind, Condition], ...]:
        on_failure = self.on_failure.condition if self.on_failure else None
        kinds = (
            (ConditionKind.BEFORE_ENTRY, self.before_entry),
            (ConditionKind.ON_SUCCESS, self.on_success),
            (ConditionKind.ON_FAILURE, on_failure),
        )
        return tuple((kind, condition) for kind, condition in kinds if condition is not None)


@dataclass(frozen=True)
class ArtifactStore:
    """A bucket for artifacts; `kms_key` is a key's id, alias or ARN, None for S3's own encryption."""

    bucket: str
    kms_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class PipelineDefinition:
    """`artifact_stores` is keyed by region; the key None stands for the pipeline's own region.

    `disabled_transitions` holds the stages that nothing may enter, each with the reason that was given. Triggers are
    none of the engine's: whoever starts an execution has decided that it starts.
    """

    name: str | None
    role_arn: str
    stages: tuple[StageDeclaration, ...]
    pipeline_type: str = "V1"
    execution_mode: ExecutionMode = ExecutionMode.SUPERSEDED
    is_restarted_on_update: bool = False
    artifact_stores: Mapping[str | None, ArtifactStore] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)
    disabled_transitions: Mapping[str, str] = field(default_factory=dict)
    has_triggers: bool = False

    def stage(self, name: str) -> StageDeclaration:
        return next(stage for stage in self.stages if stage.name == name)

    def artifact_store(self, region: str) -> ArtifactStore | None:
        return self.artifact_stores.get(region) or self.artifact_stores.get(None)


def parse_definition(properties: Mapping[str, Any]) -> PipelineDefinition:
    """Reads the resource's Properties. Raises ValueError, naming what is missing or not allowed."""
    try:
        return PipelineDefinition(
            name=_optional_text(properties.get("Name")),
            role_arn=str(properties["RoleArn"]),
            stages=tuple(_stage(stage) for stage in properties["Stages"]),
            pipeline_type=str(properties.get("PipelineType", "V1")),
            execution_mode=ExecutionMode(str(properties.get("ExecutionMode", "SUPERSEDED"))),
            is_restarted_on_update=as_bool(properties.get("RestartExecutionOnUpdate", False)),
            artifact_stores=_artifact_stores(properties),
            variables={
                str(variable["Name"]): _optional_text(variable.get("DefaultValue"))
                for variable in properties.get("Variables") or []
            },
            has_triggers=bool(properties.get("Triggers")),
            disabled_transitions={
                str(transition["StageName"]): str(transition.get("Reason", ""))
                for transition in properties.get("DisableInboundStageTransitions") or []
            },
        )
    except KeyError as exc:
        raise ValueError(f"The pipeline's definition has no {exc.args[0]}, which CodePipeline requires.") from exc


def _stage(stage: Mapping[str, Any]) -> StageDeclaration:
    return StageDeclaration(
        name=str(stage["Name"]),
        actions=tuple(_action(action) for action in stage["Actions"]),
        before_entry=_only_condition(stage.get("BeforeEntry")),
        on_success=_only_condition(stage.get("OnSuccess")),
        on_failure=_on_failure(stage.get("OnFailure")),
    )


def _action(action: Mapping[str, Any]) -> ActionDeclaration:
    kind = action["ActionTypeId"]
    timeout = action.get("TimeoutInMinutes")
    return ActionDeclaration(
        name=str(action["Name"]),
        action_type=ActionType(
            category=str(kind["Category"]),
            owner=str(kind["Owner"]),
            provider=str(kind["Provider"]),
            version=str(kind.get("Version", "1")),
        ),
        run_order=as_int(action.get("RunOrder", 1)),
        configuration=_configuration(action.get("Configuration")),
        input_artifacts=_names(action.get("InputArtifacts")),
        output_artifacts=_names(action.get("OutputArtifacts")),
        namespace=_optional_text(action.get("Namespace")),
        role_arn=_optional_text(action.get("RoleArn")),
        region=_optional_text(action.get("Region")),
        timeout_minutes=None if timeout is None else as_int(timeout),
    )


def _only_condition(attachment: Mapping[str, Any] | None) -> Condition | None:
    """BeforeEntry, OnSuccess and OnFailure hold a list of conditions that AWS limits to one."""
    conditions: Sequence[Mapping[str, Any]] = (attachment or {}).get("Conditions") or []
    if not conditions:
        return None
    if len(conditions) > 1:
        raise ValueError(f"A stage has {len(conditions)} conditions of one kind; CodePipeline allows one.")
    return Condition(
        result=ConditionResult(str(conditions[0].get("Result", "FAIL"))),
        has_result="Result" in conditions[0],
        rules=tuple(_rule(rule) for rule in conditions[0].get("Rules") or []),
    )


def _rule(rule: Mapping[str, Any]) -> Rule:
    return Rule(
        name=str(rule["Name"]),
        provider=str(rule["RuleTypeId"]["Provider"]),
        configuration=_configuration(rule.get("Configuration")),
        region=_optional_text(rule.get("Region")),
        role_arn=_optional_text(rule.get("RoleArn")),
    )


def _on_failure(attachment: Mapping[str, Any] | None) -> OnFailure | None:
    if not attachment:
        return None
    result = attachment.get("Result")
    retry_mode = (attachment.get("RetryConfiguration") or {}).get("RetryMode", "FAILED_ACTIONS")
    return OnFailure(
        result=None if result is None else ConditionResult(str(result)),
        condition=_only_condition(attachment),
        is_retry_of_all_actions=retry_mode == "ALL_ACTIONS",
    )


def _artifact_stores(properties: Mapping[str, Any]) -> dict[str | None, ArtifactStore]:
    stores: dict[str | None, ArtifactStore] = {}
    if store := properties.get("ArtifactStore"):
        stores[None] = _artifact_store(store)
    for entry in properties.get("ArtifactStores") or []:
        stores[str(entry["Region"])] = _artifact_store(entry["ArtifactStore"])
    return stores


def _artifact_store(store: Mapping[str, Any]) -> ArtifactStore:
    return ArtifactStore(str(store["Location"]), _optional_text((store.get("EncryptionKey") or {}).get("Id")))


def _configuration(configuration: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): _text(value) for key, value in (configuration or {}).items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _names(artifacts: Sequence[Mapping[str, Any]] | None) -> tuple[str, ...]:
    return tuple(str(artifact["Name"]) for artifact in artifacts or [])


def _optional_text(value: object) -> str | None:
    return None if value is None else str(value)

"""What of a pipeline's definition this machine can run: its actions, its rules, its action modes, by name; and which of
its properties are read at all. A property that nobody reads is named, so that none is silently skipped.

It must not know templates, nor what else a project holds: plan/ asks that. What CodePipeline itself refuses is
definition_rules.py's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.aws.resource import IsHidden, nothing_is_hidden
from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.codepipeline.definition_shape import unknown_members

SOURCE_PROVIDERS = frozenset({"CodeStarSourceConnection", "CodeCommit", "GitHub", "S3"})
ACTIONS = frozenset(
    {
        *(("Source", provider) for provider in SOURCE_PROVIDERS),
        ("Build", "CodeBuild"),
        ("Test", "CodeBuild"),
        ("Deploy", "CloudFormation"),
        ("Approval", "Manual"),
    }
)
CLOUDFORMATION_MODES = frozenset({"CREATE_UPDATE", "CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"})
RULES = frozenset({"CloudWatchAlarm"})
ARTIFACT_FORMAT = "CODE_ZIP"
# What is read of an action's configuration, or means nothing in a run that hands the commit over by itself. That of
# CodeBuild is codebuild/action_configuration.py's.
_POLLING = frozenset({"PollForSourceChanges", "DetectChanges"})
CONFIGURATION = {
    ("Source", "CodeStarSourceConnection"): _POLLING
    | {"ConnectionArn", "FullRepositoryId", "BranchName", "OutputArtifactFormat"},
    ("Source", "CodeCommit"): _POLLING | {"RepositoryName", "BranchName", "OutputArtifactFormat"},
    ("Source", "GitHub"): _POLLING | {"Owner", "Repo", "Branch", "OAuthToken"},
    ("Source", "S3"): _POLLING | {"S3Bucket", "S3ObjectKey", "AllowOverrideForS3ObjectKey"},
    ("Deploy", "CloudFormation"): frozenset(
        {
            *("ActionMode", "StackName", "ChangeSetName", "TemplatePath", "TemplateConfiguration"),
            *("ParameterOverrides", "Capabilities", "RoleArn", "OutputFileName"),
        }
    ),
    ("Approval", "Manual"): frozenset({"NotificationArn", "CustomData", "ExternalEntityLink"}),
}
RULE_CONFIGURATION = {"CloudWatchAlarm": frozenset({"AlarmName", "AlarmStates", "WaitTime"})}
_STAGE_UNREAD = ("Blockers",)
_ACTION_UNREAD = ("Commands", "EnvironmentVariables", "OutputVariables")
_RULE_UNREAD = ("Commands", "InputArtifacts", "TimeoutInMinutes")
_KINDS = ("BeforeEntry", "OnSuccess", "OnFailure")


def unsupported_in_definition(definition: PipelineDefinition) -> tuple[str, ...]:
    """One sentence for each action and rule of the pipeline that this machine cannot run."""
    found: list[str] = []
    for stage in definition.stages:
        for action in stage.actions:
            kind = action.action_type
            path = f"{stage.name}/{action.name}"
            if (kind.category, kind.provider) not in ACTIONS:
                found.append(
                    f"action {path}: {kind.category} provider {kind.provider} ({kind.owner}); "
                    f"supported: {_providers(kind.category)}"
                )
            elif kind.provider == "CloudFormation":
                found += _unsupported_mode(path, action.configuration.get("ActionMode", ""))
        for condition_kind, condition in stage.conditions():
            found += [
                f"rule {stage.name}/{condition_kind}/{rule.name}: provider {rule.provider}; "
                f"supported: {', '.join(sorted(RULES))}"
                for rule in condition.rules
                if rule.provider not in RULES
            ]
    return tuple(found)


def unread_properties(properties: Mapping[str, Any], is_hidden: IsHidden = nothing_is_hidden) -> tuple[str, ...]:
    """One sentence for each property of the resource, at any level, that nobody here reads."""
    found = [f"property {path}: it is not known here" for path in unknown_members(properties)]
    for stage in _objects(properties.get("Stages")):
        name = str(stage.get("Name"))
        found += [f"stage {name}: {key} is not supported" for key in _STAGE_UNREAD if stage.get(key)]
        for action in _objects(stage.get("Actions")):
            path = f"action {name}/{action.get('Name')}"
            found += [f"{path}: {sentence}" for sentence in _unread_of_action(action, is_hidden)]
        for kind in _KINDS:
            attachment = stage.get(kind)
            for condition in _objects(attachment.get("Conditions") if isinstance(attachment, Mapping) else None):
                for rule in _objects(condition.get("Rules")):
                    path = f"rule {name}/{kind}/{rule.get('Name')}"
                    found += [f"{path}: {sentence}" for sentence in _unread_of_rule(rule)]
    return tuple(found)


def _unread_of_action(action: Mapping[str, Any], is_hidden: IsHidden) -> Iterator[str]:
    kind = action.get("ActionTypeId")
    if not isinstance(kind, Mapping):
        return
    provider = (str(kind.get("Category")), str(kind.get("Provider")))
    if provider not in ACTIONS:  # refused as a whole
        return
    yield from (f"{key} is not supported" for key in _ACTION_UNREAD if action.get(key))
    if action.get("TimeoutInMinutes") and provider[0] != "Approval":
        yield "TimeoutInMinutes is available only to the manual approval action"
    for artifact in _objects(action.get("OutputArtifacts")):
        if artifact.get("Files"):
            yield f"Files of output artifact {artifact.get('Name')} are not supported"
    configuration = action.get("Configuration")
    if not isinstance(configuration, Mapping):
        return
    known = CONFIGURATION.get(provider, configuration.keys())
    for key in sorted(configuration.keys() - known):
        yield f"configuration {key} is not supported; supported: {', '.join(sorted(known))}"
    artifact_format = str(configuration.get("OutputArtifactFormat", ARTIFACT_FORMAT))
    if artifact_format != ARTIFACT_FORMAT and not is_hidden(artifact_format):
        yield f"OutputArtifactFormat {artifact_format}; supported: {ARTIFACT_FORMAT}, files without their history"


def _unread_of_rule(rule: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key} is not supported" for key in _RULE_UNREAD if rule.get(key))
    kind, configuration = rule.get("RuleTypeId"), rule.get("Configuration")
    provider = str(kind.get("Provider")) if isinstance(kind, Mapping) else ""
    if provider in RULE_CONFIGURATION and isinstance(configuration, Mapping):
        known = RULE_CONFIGURATION[provider]
        yield from (
            f"configuration {key} is not supported; supported: {', '.join(sorted(known))}"
            for key in sorted(set(configuration) - known)
        )


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _unsupported_mode(path: str, mode: str) -> list[str]:
    if mode in CLOUDFORMATION_MODES:
        return []
    return [f"action {path}: CloudFormation ActionMode {mode}; supported: {', '.join(sorted(CLOUDFORMATION_MODES))}"]


def _providers(category: str) -> str:
    return ", ".join(sorted(provider for of, provider in ACTIONS if of == category)) or f"no {category} action"

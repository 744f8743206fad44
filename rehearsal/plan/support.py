"""What of a project this machine can run, and what not: every question that the planner asks, answered by name.

It must not read files of the project; plan.py hands it what was read.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rehearsal.codepipeline.definition import PipelineDefinition

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

# Served by this project's providers in front of the emulator (rehearsal/aws, codepipeline/*_provider.py).
PROVIDED_RESOURCE_TYPES = frozenset(
    {
        "AWS::CodePipeline::Pipeline",
        "AWS::CodePipeline::Webhook",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::CodeDeploy::DeploymentConfig",
        "AWS::Lambda::Alias",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::Events::Rule",
        "AWS::Lambda::EventSourceMapping",
        "AWS::SecretsManager::Secret",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::WAFv2::WebACLAssociation",
    }
)
# Types without a resource behind them.
_METADATA_TYPES = frozenset({"AWS::CDK::Metadata"})
_REGISTRY = re.compile(r"^_RESOURCE_HANDLERS = \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
_REGISTERED = re.compile(r'^    "(AWS::[A-Za-z0-9:]+)": ', re.MULTILINE)


@cache
def emulator_resource_types() -> frozenset[str]:
    """The CloudFormation types of the MiniStack that is installed, read from its registry without importing it.

    Empty when the registry is not where it was: then the emulator's own refusal has to do.
    """
    package = importlib.util.find_spec("ministack")
    if package is None or package.origin is None:
        return frozenset()
    source = Path(package.origin).parent / "services" / "cloudformation" / "provisioners.py"
    registry = _REGISTRY.search(source.read_text()) if source.is_file() else None
    return frozenset(_REGISTERED.findall(registry.group(1))) if registry else frozenset()


def unsupported_resource_types(types: Iterable[str]) -> tuple[str, ...]:
    """Those of `types` that neither the emulator nor this project serves, sorted."""
    emulated = emulator_resource_types()
    if not emulated:
        return ()
    known = emulated | PROVIDED_RESOURCE_TYPES | _METADATA_TYPES
    return tuple(sorted({kind for kind in types if kind not in known and not kind.startswith("Custom::")}))


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


def _unsupported_mode(path: str, mode: str) -> list[str]:
    if mode in CLOUDFORMATION_MODES:
        return []
    return [f"action {path}: CloudFormation ActionMode {mode}; supported: {', '.join(sorted(CLOUDFORMATION_MODES))}"]


def _providers(category: str) -> str:
    return ", ".join(sorted(provider for of, provider in ACTIONS if of == category)) or f"no {category} action"

"""What of a pipeline's definition this machine can run: its actions, its rules, its action modes, by name.

It must not know templates, nor what else a project holds: plan/ asks that.
"""

from __future__ import annotations

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

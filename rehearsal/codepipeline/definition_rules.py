"""What CodePipeline refuses in a definition as a whole: a table of its documented rules, each with its page.

Input: the resource's properties. Output: sentences, CodePipeline's own where they are known. One pass for the plan,
where values may still be hidden (definition_shape.py), and for the resource's creation and update. It must not know
what this machine can run: supported.py does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.definition import (
    ConditionKind,
    ConditionResult,
    ExecutionMode,
    PipelineDefinition,
    StageDeclaration,
    parse_definition,
)
from rehearsal.codepipeline.definition_shape import (
    IsHidden,
    has_hidden_parts,
    nothing_is_hidden,
    shape_problems,
    without_hidden,
)
from rehearsal.codepipeline.variables import VARIABLE

# "Valid input and output artifacts for each action type": least and most inputs, then outputs.
ARTIFACT_COUNTS = {
    ("Source", "S3"): (0, 0, 1, 1),
    ("Source", "CodeCommit"): (0, 0, 1, 1),
    ("Source", "ECR"): (0, 0, 1, 1),
    ("Source", "CodeStarSourceConnection"): (0, 0, 1, 1),
    ("Source", "GitHub"): (0, 0, 1, 1),
    ("Build", "CodeBuild"): (1, 5, 0, 5),
    ("Test", "CodeBuild"): (1, 5, 0, 5),
    ("Approval", "Manual"): (0, 0, 0, 0),
    ("Deploy", "S3"): (1, 1, 0, 0),
    ("Deploy", "CloudFormation"): (0, 10, 0, 1),
    ("Deploy", "CodeDeploy"): (1, 1, 0, 0),
    ("Deploy", "ECS"): (1, 1, 0, 0),
    ("Invoke", "Lambda"): (0, 5, 0, 5),
}
# What the reference of each action calls required.
REQUIRED_CONFIGURATION = {
    ("Source", "S3"): ("S3Bucket", "S3ObjectKey"),
    ("Source", "CodeCommit"): ("RepositoryName", "BranchName"),
    ("Source", "CodeStarSourceConnection"): ("ConnectionArn", "FullRepositoryId", "BranchName"),
    ("Source", "GitHub"): ("Owner", "Repo", "Branch", "OAuthToken"),
    ("Build", "CodeBuild"): ("ProjectName",),
    ("Test", "CodeBuild"): ("ProjectName",),
    ("Deploy", "CloudFormation"): ("ActionMode", "StackName"),
}
# The rule reference.
REQUIRED_RULE_CONFIGURATION = {"CloudWatchAlarm": ("AlarmName",)}
# "Configure conditions for a stage": the results that each kind of condition has.
CONDITION_RESULTS = {
    ConditionKind.BEFORE_ENTRY: (ConditionResult.FAIL, ConditionResult.SKIP),
    ConditionKind.ON_SUCCESS: (ConditionResult.ROLLBACK, ConditionResult.FAIL),
    ConditionKind.ON_FAILURE: (ConditionResult.ROLLBACK,),
}
SKIPPING_RULES = ("LambdaInvoke", "VariableCheck")
RESERVED_NAMESPACES = ("codepipeline", "variables")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A definition as the rules see it; `properties` hold what the engine does not read. `region` is the pipeline's."""

    parsed: PipelineDefinition
    properties: Mapping[str, Any]
    region: str
    is_hidden: IsHidden

    def actions(self) -> Iterator[tuple[StageDeclaration, ActionDeclaration]]:
        """In the order in which they run."""
        for stage in self.parsed.stages:
            for group in stage.by_run_order():
                for action in group:
                    yield stage, action

    def shown(self, texts: Iterable[str]) -> list[str]:
        return [text for text in texts if not self.is_hidden(text)]


Rule = Callable[[Definition], Iterator[str]]


def refusals(properties: Mapping[str, Any], *, region: str, is_hidden: IsHidden = nothing_is_hidden) -> tuple[str, ...]:
    """All that CodePipeline would refuse, one sentence each.

    Where a member has the wrong shape, as in CodePipeline itself, the rules on the whole are not asked; nor where a
    part of the whole is hidden.
    """
    if problems := tuple(shape_problems(properties, is_hidden)):
        return problems
    if has_hidden_parts(properties, is_hidden):
        return ()
    try:
        parsed = parse_definition(without_hidden(properties, is_hidden))
    except ValueError as exc:
        return (str(exc),)
    definition = Definition(parsed=parsed, properties=properties, region=region, is_hidden=is_hidden)
    return tuple(sentence for _, rule in RULES for sentence in rule(definition))


def _two_stages(definition: Definition) -> Iterator[str]:
    if (count := len(definition.parsed.stages)) < 2:
        yield f"Pipeline has only {count} stage(s). There should be a minimum of 2 stages in a pipeline"


def _no_empty_stage(definition: Definition) -> Iterator[str]:
    for stage in definition.parsed.stages:
        if not stage.actions:
            yield f"Stage {stage.name} has no action; a stage has at least one"


def _sources_come_first(definition: Definition) -> Iterator[str]:
    stages = definition.parsed.stages
    if stages and any(not _is_source(definition, action) for action in stages[0].actions):
        yield "Pipeline should start with a stage that only contains source actions"
    for stage in stages[1:]:
        for action in stage.actions:
            if action.action_type.category == "Source":
                yield (
                    f"Action {action.name} in stage {stage.name} is a source action: source actions can only be in "
                    "the first stage of the pipeline"
                )
    if stages and all(action.action_type.category == "Source" for _, action in definition.actions()):
        yield "At least one stage of the pipeline must contain an action that is not a source action"


def _is_source(definition: Definition, action: ActionDeclaration) -> bool:
    category = action.action_type.category
    return category == "Source" or definition.is_hidden(category)


def _unique_names(definition: Definition) -> Iterator[str]:
    for name in _twice(definition.shown(stage.name for stage in definition.parsed.stages)):
        yield f"Stage name {name} is used more than once; all stage names within a pipeline must be unique"
    for stage in definition.parsed.stages:
        for name in _twice(definition.shown(action.name for action in stage.actions)):
            yield (
                f"Action name {name} is used more than once in stage {stage.name}; all action names within a stage "
                "must be unique"
            )


def _unique_outputs(definition: Definition) -> Iterator[str]:
    for name in _twice(
        definition.shown(name for _, action in definition.actions() for name in action.output_artifacts)
    ):
        yield f"Output Artifact Bundle name must be unique within the pipeline. {name} has been used more than once."


def _inputs_are_made(definition: Definition) -> Iterator[str]:
    """By an earlier stage, or by an action of the same stage with a lower run order."""
    made: set[str] = set()
    for stage in definition.parsed.stages:
        for group in stage.by_run_order():
            for action in group:
                for name in action.input_artifacts:
                    is_known = name in made or definition.is_hidden(name) or any(map(definition.is_hidden, made))
                    if not is_known:
                        yield (
                            f"Input Artifact Bundle {name} in action {action.name} is not declared as Output Artifact "
                            "Bundle in any of the preceding actions"
                        )
            made.update(name for action in group for name in action.output_artifacts)


def _artifact_counts(definition: Definition) -> Iterator[str]:
    for _, action in definition.actions():
        counts = ARTIFACT_COUNTS.get((action.action_type.category, action.action_type.provider))
        if counts is None:
            continue
        least_in, most_in, least_out, most_out = counts
        for kind, names, least, most in (
            ("input", action.input_artifacts, least_in, most_in),
            ("output", action.output_artifacts, least_out, most_out),
        ):
            declares = f"Action {action.name} declares {len(names)} {kind} artifacts which is"
            if len(names) < least:
                yield f"{declares} less than the minimum count ({least})"
            if len(names) > most:
                yield f"{declares} greater than the maximum count ({most})"


def _required_configuration(definition: Definition) -> Iterator[str]:
    for _, action in definition.actions():
        for name in REQUIRED_CONFIGURATION.get((action.action_type.category, action.action_type.provider), ()):
            if name not in action.configuration:
                yield f"Action configuration for action '{action.name}' is missing required configuration '{name}'"


def _required_rule_configuration(definition: Definition) -> Iterator[str]:
    for stage in definition.parsed.stages:
        for kind, condition in stage.conditions():
            for rule in condition.rules:
                for name in REQUIRED_RULE_CONFIGURATION.get(rule.provider, ()):
                    if name not in rule.configuration:
                        path = f"{stage.name}/{kind}/{rule.name}"
                        yield f"Rule configuration for rule '{path}' is missing required configuration '{name}'"


def _namespaces(definition: Definition) -> Iterator[str]:
    named = [(stage, action, action.namespace) for stage, action in definition.actions() if action.namespace]
    counts = Counter(definition.shown(namespace for _, _, namespace in named))
    if twice := [
        f"StageName=[{stage.name}], ActionName=[{action.name}], Namespace=[{namespace}]"
        for stage, action, namespace in named
        if counts[namespace] > 1
    ]:
        yield (
            "Namespaces must be unique across the pipeline definition. The following occur more than once in the "
            f"pipeline. {'; '.join(twice)}"
        )
    for _, action, namespace in named:
        if namespace in RESERVED_NAMESPACES:
            yield f"Action {action.name} has the namespace {namespace}, which is CodePipeline's own"


def _variables_are_given(definition: Definition) -> Iterator[str]:
    """A namespace that no action has which runs before; what its action says there is known only when it ran."""
    given = set(RESERVED_NAMESPACES)
    for stage in definition.parsed.stages:
        for group in stage.by_run_order():
            for action in group:
                yield from _unknown_namespaces(definition, stage, action, given)
            given.update(action.namespace for action in group if action.namespace)


def _unknown_namespaces(
    definition: Definition, stage: StageDeclaration, action: ActionDeclaration, given: set[str]
) -> Iterator[str]:
    if any(map(definition.is_hidden, given)):
        return
    for key, text in action.configuration.items():
        for found in VARIABLE.finditer(text):
            namespace, name = found.groups()
            is_declared = namespace != "variables" or name in definition.parsed.variables
            if namespace not in given or not is_declared:
                yield (
                    "The following pipeline execution variables are referencing a namespace that does not exist. "
                    f"StageName=[{stage.name}], ActionName=[{action.name}], ActionConfigurationKey=[{key}], "
                    f"VariableReferenceText=[{found.group(0)}]"
                )


def _unique_variables(definition: Definition) -> Iterator[str]:
    names = [str(variable.get("Name")) for variable in definition.properties.get("Variables") or []]
    for name in _twice(definition.shown(names)):
        yield f"Pipeline variable {name} is declared more than once"


def _features_of_v2(definition: Definition) -> Iterator[str]:
    """Without a type, a pipeline with one of these is of type V2."""
    if definition.properties.get("PipelineType") != "V1":
        return
    pipeline, triggers = definition.parsed, definition.properties.get("Triggers") or []
    used = {
        "Triggers": bool(triggers),
        "Pipeline variables": bool(pipeline.variables),
        f"Execution mode {pipeline.execution_mode}": pipeline.execution_mode is not ExecutionMode.SUPERSEDED,
        "Stage conditions": any(stage.conditions() or stage.on_failure for stage in pipeline.stages),
        "Compute actions": any(action.action_type.category == "Compute" for _, action in definition.actions()),
    }
    for feature, is_used in used.items():
        if is_used:
            yield f"{feature} can only be used with V2 pipelines"


def _condition_results(definition: Definition) -> Iterator[str]:
    for stage in definition.parsed.stages:
        for kind, condition in stage.conditions():
            allowed = CONDITION_RESULTS[kind]
            if condition.result not in allowed and not (kind is ConditionKind.ON_FAILURE and not condition.has_result):
                yield (
                    f"Stage {stage.name}: a {kind} condition has the result {condition.result}; allowed: "
                    f"{', '.join(allowed)}"
                )
            skips = condition.result is ConditionResult.SKIP
            for rule in condition.rules:
                if skips and rule.provider not in SKIPPING_RULES and not definition.is_hidden(rule.provider):
                    yield (
                        f"Stage {stage.name}: rule {rule.name} ({rule.provider}) cannot skip the stage; for the result "
                        f"SKIP, only {' and '.join(SKIPPING_RULES)} rules are available"
                    )


def _failure_results(definition: Definition) -> Iterator[str]:
    for stage in definition.parsed.stages:
        on_failure = stage.on_failure
        if on_failure is None:
            continue
        if on_failure.result is ConditionResult.SKIP:
            yield f"Stage {stage.name}: OnFailure has the result SKIP; allowed: ROLLBACK, RETRY, FAIL"
        if on_failure.result is ConditionResult.RETRY and on_failure.condition is not None:
            yield f"Stage {stage.name}: automatic stage retry cannot be used with onFailure conditions"


def _rollbacks(definition: Definition) -> Iterator[str]:
    for number, stage in enumerate(definition.parsed.stages):
        results = [condition.result for _, condition in stage.conditions()]
        if stage.on_failure is not None:
            results.append(stage.on_failure.result or ConditionResult.FAIL)
        if ConditionResult.ROLLBACK not in results:
            continue
        if definition.parsed.execution_mode is ExecutionMode.PARALLEL:
            yield (
                f"Stage {stage.name}: stage rollback is not available in PARALLEL mode, and conditions with a rollback "
                "result cannot be added to a PARALLEL mode pipeline"
            )
        if number == 0:
            yield f"Stage {stage.name}: a source stage cannot be rolled back"


def _artifact_stores(definition: Definition) -> Iterator[str]:
    has_one = bool(definition.properties.get("ArtifactStore"))
    stores = definition.properties.get("ArtifactStores")
    if has_one == bool(stores):
        yield "You must include either artifactStore or artifactStores in your pipeline, but you cannot use both"
        return
    regions = {region for region in definition.parsed.artifact_stores if region is not None}
    used = {definition.region, *(action.region for _, action in definition.actions() if action.region)}
    if has_one:
        regions = {definition.region}
    if isinstance(stores, str) or any(map(definition.is_hidden, regions)):
        return
    for region in definition.shown(sorted(used - regions)):
        hint = ". If you create a cross-region action in your pipeline, you must use artifactStores" if has_one else ""
        yield (
            "There must be an artifact store for the pipeline Region and for each cross-region action in the pipeline; "
            f"there is none for {region}{hint}"
        )


def _sources_are_here(definition: Definition) -> Iterator[str]:
    for _, action in definition.actions():
        is_source = action.action_type.category == "Source"
        for region in definition.shown([action.region] if is_source and action.region else []):
            if region != definition.region:
                yield f"Source action {action.name} is in {region}; it must be in {definition.region}, as the pipeline"


def _triggers(definition: Definition) -> Iterator[str]:
    configurations = [
        trigger.get("GitConfiguration") or {}
        for trigger in definition.properties.get("Triggers") or []
        if isinstance(trigger, Mapping)
    ]
    names = definition.shown(str(configuration.get("SourceActionName")) for configuration in configurations)
    connections = [
        action.name
        for _, action in definition.actions()
        if action.action_type.provider == "CodeStarSourceConnection" or definition.is_hidden(action.name)
    ]
    is_missing = any(name not in connections for name in names) and not any(map(definition.is_hidden, connections))
    if is_missing or _twice(names):
        yield (
            "Triggers for connection must reference a CodeStarSourceConnection action. Note that when you specify a "
            "trigger, you cant specify more than one trigger per source action."
        )
    for configuration in configurations:
        pushes = [push for push in configuration.get("Push") or [] if isinstance(push, Mapping)]
        if any(push.get("Tags") and (push.get("Branches") or push.get("FilePaths")) for push in pushes):
            yield (
                "The trigger configuration for the source action is not valid. Make sure to choose valid filter "
                "combinations."
            )


def _disabled_transitions(definition: Definition) -> Iterator[str]:
    stages = [stage.name for stage in definition.parsed.stages]
    if any(map(definition.is_hidden, stages)):
        return
    for name in definition.shown(definition.parsed.disabled_transitions):
        if name not in stages:
            yield f"DisableInboundStageTransitions: the pipeline has no stage {name}; it has {', '.join(stages)}"


_STRUCTURE = "CodePipeline user guide, Pipeline structure reference (pipeline, stage and action declaration)"
_CONDITIONS = "CodePipeline user guide, Configure conditions for a stage (considerations)"
RULES: tuple[tuple[str, Rule], ...] = (
    (_STRUCTURE, _two_stages),
    (_STRUCTURE, _no_empty_stage),
    (_STRUCTURE, _sources_come_first),
    (_STRUCTURE, _unique_names),
    ("CodePipeline user guide, Input and output artifacts", _unique_outputs),
    ("CodePipeline user guide, Input and output artifacts", _inputs_are_made),
    ("CodePipeline user guide, Valid input and output artifacts for each action type", _artifact_counts),
    ("CodePipeline user guide, the reference of each action", _required_configuration),
    ("CodePipeline user guide, CloudWatchAlarm rule", _required_rule_configuration),
    ("CodePipeline user guide, Variables reference", _namespaces),
    ("CodePipeline user guide, Variables reference", _variables_are_given),
    ("API PipelineVariableDeclaration", _unique_variables),
    ("CodePipeline user guide, What type of pipeline is right for me?", _features_of_v2),
    (_CONDITIONS, _condition_results),
    (_CONDITIONS, _failure_results),
    ("CodePipeline user guide, Configure stage rollback; Set or change the pipeline execution mode", _rollbacks),
    ("API PipelineDeclaration, artifactStores", _artifact_stores),
    ("CodePipeline user guide, Add a cross-Region action", _sources_are_here),
    ("CodePipeline user guide, Add trigger with filters; API GitConfiguration", _triggers),
    ("AWS::CodePipeline::Pipeline StageTransition", _disabled_transitions),
)


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]

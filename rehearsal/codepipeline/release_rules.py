"""CodePipeline's rules on conditions, variables, triggers, transitions and what is V2's alone (definition_rules.py says
where each is documented).

Each answers sentences for what is wrong. They must not know artifacts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.declared_definition import Definition, twice
from rehearsal.codepipeline.definition import ConditionKind, ConditionResult, ExecutionMode, StageDeclaration
from rehearsal.codepipeline.variables import VARIABLE

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


def required_rule_configuration(definition: Definition) -> Iterator[str]:
    for stage in definition.parsed.stages:
        for kind, condition in stage.conditions():
            for rule in condition.rules:
                for name in REQUIRED_RULE_CONFIGURATION.get(rule.provider, ()):
                    if name not in rule.configuration:
                        path = f"{stage.name}/{kind}/{rule.name}"
                        yield f"Rule configuration for rule '{path}' is missing required configuration '{name}'"


def namespaces(definition: Definition) -> Iterator[str]:
    named = [(stage, action, action.namespace) for stage, action in definition.actions() if action.namespace]
    counts = Counter(definition.shown(namespace for _, _, namespace in named))
    if repeated := [
        f"StageName=[{stage.name}], ActionName=[{action.name}], Namespace=[{namespace}]"
        for stage, action, namespace in named
        if counts[namespace] > 1
    ]:
        yield (
            "Namespaces must be unique across the pipeline definition. The following occur more than once in the "
            f"pipeline. {'; '.join(repeated)}"
        )
    for _, action, namespace in named:
        if namespace in RESERVED_NAMESPACES:
            yield f"Action {action.name} has the namespace {namespace}, which is CodePipeline's own"


def variables_are_given(definition: Definition) -> Iterator[str]:
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


def unique_variables(definition: Definition) -> Iterator[str]:
    names = [str(variable.get("Name")) for variable in definition.properties.get("Variables") or []]
    for name in twice(definition.shown(names)):
        yield f"Pipeline variable {name} is declared more than once"


def features_of_v2(definition: Definition) -> Iterator[str]:
    """Without a type, a pipeline with one of these is of type V2."""
    if definition.properties.get("PipelineType") != "V1":
        return
    pipeline = definition.parsed
    used = {
        "Triggers": pipeline.has_triggers,
        "Pipeline variables": bool(pipeline.variables),
        f"Execution mode {pipeline.execution_mode}": pipeline.execution_mode is not ExecutionMode.SUPERSEDED,
        "Stage conditions": any(stage.conditions() or stage.on_failure for stage in pipeline.stages),
        "Compute actions": any(action.action_type.category == "Compute" for _, action in definition.actions()),
    }
    for feature, is_used in used.items():
        if is_used:
            yield f"{feature} can only be used with V2 pipelines"


def condition_results(definition: Definition) -> Iterator[str]:
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


def failure_results(definition: Definition) -> Iterator[str]:
    for stage in definition.parsed.stages:
        on_failure = stage.on_failure
        if on_failure is None:
            continue
        if on_failure.result is ConditionResult.SKIP:
            yield f"Stage {stage.name}: OnFailure has the result SKIP; allowed: ROLLBACK, RETRY, FAIL"
        if on_failure.result is ConditionResult.RETRY and on_failure.condition is not None:
            yield f"Stage {stage.name}: automatic stage retry cannot be used with onFailure conditions"


def rollbacks(definition: Definition) -> Iterator[str]:
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


def triggers(definition: Definition) -> Iterator[str]:
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
    if is_missing or twice(names):
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


def disabled_transitions(definition: Definition) -> Iterator[str]:
    stages = [stage.name for stage in definition.parsed.stages]
    if any(map(definition.is_hidden, stages)):
        return
    for name in definition.shown(definition.parsed.disabled_transitions):
        if name not in stages:
            yield f"DisableInboundStageTransitions: the pipeline has no stage {name}; it has {', '.join(stages)}"

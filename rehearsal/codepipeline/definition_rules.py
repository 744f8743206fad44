"""What CodePipeline refuses in a definition as a whole: a table of its documented rules, each with its page.

Input: the resource's properties. Output: sentences, CodePipeline's own where they are known. One pass for the plan,
where values may still be hidden (definition_shape.py), and for the resource's creation and update. It must not know
what this machine can run: supported.py does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.aws.resource import IsHidden, nothing_is_hidden
from rehearsal.codepipeline import release_rules, structure_rules
from rehearsal.codepipeline.declared_definition import Definition
from rehearsal.codepipeline.definition import parse_definition
from rehearsal.codepipeline.definition_shape import (
    has_hidden_parts,
    shape_problems,
    without_hidden,
)

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


_STRUCTURE = "CodePipeline user guide, Pipeline structure reference (pipeline, stage and action declaration)"
_CONDITIONS = "CodePipeline user guide, Configure conditions for a stage (considerations)"
RULES: tuple[tuple[str, Rule], ...] = (
    (_STRUCTURE, structure_rules.two_stages),
    (_STRUCTURE, structure_rules.no_empty_stage),
    (_STRUCTURE, structure_rules.sources_come_first),
    (_STRUCTURE, structure_rules.unique_names),
    ("CodePipeline user guide, Input and output artifacts", structure_rules.unique_outputs),
    ("CodePipeline user guide, Input and output artifacts", structure_rules.inputs_are_made),
    ("CodePipeline user guide, Valid input and output artifacts for each action type", structure_rules.artifact_counts),
    ("CodePipeline user guide, the reference of each action", structure_rules.required_configuration),
    ("CodePipeline user guide, CloudWatchAlarm rule", release_rules.required_rule_configuration),
    ("CodePipeline user guide, Variables reference", release_rules.namespaces),
    ("CodePipeline user guide, Variables reference", release_rules.variables_are_given),
    ("API PipelineVariableDeclaration", release_rules.unique_variables),
    ("CodePipeline user guide, What type of pipeline is right for me?", release_rules.features_of_v2),
    (_CONDITIONS, release_rules.condition_results),
    (_CONDITIONS, release_rules.failure_results),
    (
        "CodePipeline user guide, Configure stage rollback; Set or change the pipeline execution mode",
        release_rules.rollbacks,
    ),
    ("API PipelineDeclaration, artifactStores", structure_rules.artifact_stores),
    ("CodePipeline user guide, Add a cross-Region action", structure_rules.sources_are_here),
    ("CodePipeline user guide, Add trigger with filters; API GitConfiguration", release_rules.triggers),
    ("AWS::CodePipeline::Pipeline StageTransition", release_rules.disabled_transitions),
)

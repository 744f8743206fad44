"""What of the planned pipeline's definition CodePipeline would refuse, and what nobody here reads, one sentence each.

The same rules are asked when the pipeline is created (codepipeline/pipeline_provider.py); here, values that only
CloudFormation knows are passed over. It must not judge what actions do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.codepipeline.definition import PipelineDefinition, parse_definition
from rehearsal.codepipeline.definition_rules import refusals
from rehearsal.codepipeline.definition_shape import has_token, shape_problems, without_hidden
from rehearsal.codepipeline.supported import unread_properties
from rehearsal.plan.certain import certain_values
from rehearsal.source.assembly import StackArtifact


def planned_definition(resolved: Mapping[str, Any]) -> PipelineDefinition:
    """The definition as far as the template tells.

    Raises ValueError: in CodePipeline's words where something has another shape than it takes, else parse_definition's.
    """
    try:
        return parse_definition(without_hidden(resolved, has_token))
    except (AttributeError, TypeError, ValueError) as exc:
        problems = tuple(shape_problems(resolved, has_token)) or (f"it cannot be read as it is: {exc}",)
        raise ValueError(f"CodePipeline refuses the definition: {'; '.join(problems)}") from exc


def notices_of_definition(definition: PipelineDefinition) -> Iterator[str]:
    if definition.has_triggers:
        yield (
            "CodePipeline: triggers are not evaluated; a run releases the commit whatever its branch, tag and files."
        )


def problems_of_definition(
    properties: Mapping[str, Any], stack: StackArtifact, *, account: str, region: str
) -> Iterator[str]:
    certain = certain_values(stack, account=account, region=region)(properties)
    for sentence in refusals(certain, region=region, is_hidden=has_token):
        yield f"CodePipeline refuses the definition: {sentence}"
    yield from unread_properties(certain, has_token)

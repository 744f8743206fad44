"""Roles that a pipeline, its actions and its builds take by their ARN, and that nobody here makes.

In a real account somebody made them by hand, or with another app. What such a role may do is not known here, so the
local AWS cannot have one in its place. It must not judge roles that a stack makes: whether they may is for the run.
Source: "AWS::IAM::Role" (RoleName); aws-cdk's bootstrap template, for the names of its roles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.plan.builds import PROJECT_TYPE
from rehearsal.source.assembly import CloudAssembly, StackArtifact
from rehearsal.source.references import Place, place_of, resolver_of

_ROLE_TYPE = "AWS::IAM::Role"
_ARN = re.compile(r"arn:[^:]+:iam::(\d{12}):role/(?:[^<>]*/)?([^/<>]+)")
_OF_BOOTSTRAP = re.compile(r"cdk-[a-z0-9]+-(deploy|cfn-exec|lookup|file-publishing|image-publishing)-role-\d{12}-.+")


def unmade_roles(assembly: CloudAssembly, definition: PipelineDefinition, default: Place) -> Iterator[str]:
    """One sentence for each; an ARN that only the deployment will tell is of a role that a stack makes."""
    made = {(place_of(stack, default)[0], name) for stack in assembly.stacks for name in _made(stack, default)}
    for arn, user in dict(_taken(assembly, definition, default)).items():
        found = _ARN.fullmatch(arn)
        if found and not _OF_BOOTSTRAP.fullmatch(found.group(2)) and found.groups() not in made:
            yield (
                f"role {arn} of {user}: neither a stack that this pipeline deploys makes it, nor `cdk bootstrap`, and "
                "what it may do is not known here; make it in one of these stacks"
            )


def _taken(assembly: CloudAssembly, definition: PipelineDefinition, default: Place) -> Iterator[tuple[str, str]]:
    for stack in assembly.stacks:
        for logical_id, resource in stack.resources():
            if resource.get("Type") == PROJECT_TYPE:
                role = resolver_of(stack, default).resolve((resource.get("Properties") or {}).get("ServiceRole", ""))
                yield str(role), f"project {logical_id} in stack {stack.name}"
    for stage in definition.stages:
        for action in stage.actions:
            yield action.role_arn or "", f"action {stage.name}/{action.name}"
    yield definition.role_arn, "the pipeline"


def _made(stack: StackArtifact, default: Place) -> Iterator[str]:
    for _, resource in stack.resources():
        properties = resource.get("Properties") or {}
        if resource.get("Type") == _ROLE_TYPE and "RoleName" in properties:
            yield str(resolver_of(stack, default).resolve(properties["RoleName"]))

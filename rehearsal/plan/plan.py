"""The plan of a run: which pipeline, in which environments, with which stages, and all that this machine cannot do.

Input: a cloud assembly. Output: a Plan, which is data: the `plan` command draws it, the `run` command prepares the
local AWS from it. It must not run anything; the engine does not read it, but what CloudFormation deployed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.codepipeline.definition import PipelineDefinition, parse_definition
from rehearsal.errors import BadInput, Unsupported
from rehearsal.plan.builds import notices_of_builds
from rehearsal.plan.unsupported import find_unsupported
from rehearsal.source.assembly import CloudAssembly, Environment, StackArtifact
from rehearsal.source.intrinsics import Resolver

PIPELINE_TYPE = "AWS::CodePipeline::Pipeline"
DEFAULT_ENVIRONMENT = ("111111111111", "us-east-1")
DEFAULT_QUALIFIER = "hnb659fds"


@dataclass(frozen=True, order=True)
class Bootstrap:
    """An environment that `cdk bootstrap` prepares."""

    account: str
    region: str
    qualifier: str = DEFAULT_QUALIFIER


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`name` is the pipeline's as far as the template tells; `account` and `region` are where it is deployed.

    `unsupported` holds one sentence for each thing that this machine cannot do, `notices` for what differs here.
    """

    name: str
    logical_id: str
    stack: StackArtifact
    account: str
    region: str
    definition: PipelineDefinition
    bootstraps: tuple[Bootstrap, ...]
    unsupported: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def require_supported(self) -> None:
        """Raises Unsupported, with every reason, when there is any."""
        if self.unsupported:
            reasons = "\n".join(f"  - {reason}" for reason in self.unsupported)
            raise Unsupported(
                f"This machine cannot run pipeline {self.name} of stack {self.stack.name}:\n{reasons}\n"
                "Nothing was started."
            )


@dataclass(frozen=True)
class _Found:
    stack: StackArtifact
    logical_id: str
    properties: Mapping[str, Any]
    name: str


def make_plan(assembly: CloudAssembly, *, pipeline: str | None = None, cli_version: str | None = None) -> Plan:
    """The plan of the assembly's pipeline; `pipeline` chooses among several by name, logical id or stack.

    `cli_version` is that of the CDK CLI which will read the assembly. Raises BadInput when there is no such pipeline,
    or several and no choice.
    """
    found = _choose(_find_pipelines(assembly), pipeline, assembly)
    account, region = _environment(found.stack.environment)
    resolver = Resolver(template=found.stack.template, account=account, region=region, stack_name=found.stack.name)
    try:
        definition = parse_definition(resolver.resolve(found.properties))
    except ValueError as exc:
        raise BadInput(f"Pipeline {found.name} of stack {found.stack.name}: {exc}") from exc
    return Plan(
        name=found.name,
        logical_id=found.logical_id,
        stack=found.stack,
        account=account,
        region=region,
        definition=definition,
        bootstraps=_bootstraps(assembly, account, region),
        unsupported=find_unsupported(assembly, definition, default=(account, region), cli_version=cli_version),
        notices=notices_of_builds(assembly, definition, (account, region)),
    )


def _environment(environment: Environment) -> tuple[str, str]:
    account, region = DEFAULT_ENVIRONMENT
    return environment.account or account, environment.region or region


def _find_pipelines(assembly: CloudAssembly) -> list[_Found]:
    found = []
    for stack in assembly.stacks:
        account, region = _environment(stack.environment)
        resolver = Resolver(template=stack.template, account=account, region=region, stack_name=stack.name)
        for logical_id, resource in stack.resources():
            if resource.get("Type") == PIPELINE_TYPE:
                properties = resource.get("Properties") or {}
                name = str(resolver.resolve(properties["Name"])) if "Name" in properties else logical_id
                found.append(_Found(stack, logical_id, properties, name))
    return found


def _choose(found: list[_Found], wanted: str | None, assembly: CloudAssembly) -> _Found:
    listing = ", ".join(f"{pipeline.name} (stack {pipeline.stack.name})" for pipeline in found)
    if not found:
        stacks = ", ".join(stack.name for stack in assembly.stacks) or "none"
        raise BadInput(
            f"The project has no pipeline: none of its stacks ({stacks}) holds an {PIPELINE_TYPE}. "
            "Give a CDK Pipelines app with --project."
        )
    if wanted is not None:
        found = [p for p in found if wanted in (p.name, p.logical_id, p.stack.name, p.stack.display_name)]
        if not found:
            raise BadInput(f"The project has no pipeline named {wanted}. It has: {listing}.")
    if len(found) > 1:
        raise BadInput(f"The project has {len(found)} pipelines: {listing}. Choose one with --pipeline NAME.")
    return found[0]


def _bootstraps(assembly: CloudAssembly, account: str, region: str) -> tuple[Bootstrap, ...]:
    """Every environment that a stack of the assembly is deployed to; agnostic ones go where the pipeline is."""
    return tuple(
        sorted(
            {
                Bootstrap(
                    stack.environment.account or account,
                    stack.environment.region or region,
                    stack.qualifier or DEFAULT_QUALIFIER,
                )
                for stack in assembly.stacks
            }
        )
    )

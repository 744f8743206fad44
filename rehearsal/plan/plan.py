"""The plan of a run: which pipeline, in which environments, with which stages, and all that this machine cannot do.

Input: a cloud assembly. Output: a Plan, which is data: the `plan` command draws it, the `run` command prepares the
local AWS from it. It must not run anything; the engine does not read it, but what CloudFormation deployed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.errors import BadInput, Unsupported
from rehearsal.plan.blind_alarms import blind_alarms
from rehearsal.plan.builds import notices_of_builds
from rehearsal.plan.needed import needed_by
from rehearsal.plan.pipeline_definition import notices_of_definition, planned_definition, problems_of_definition
from rehearsal.plan.resource_standing import StoredOnly, stored_only
from rehearsal.plan.unsupported import find_unsupported, unfilled_environments
from rehearsal.source.assembly import CloudAssembly, Environment, StackArtifact
from rehearsal.source.intrinsics import Resolver
from rehearsal.source.settings import Settings

PIPELINE_TYPE = "AWS::CodePipeline::Pipeline"
DEFAULT_QUALIFIER = "hnb659fds"
DEFAULT_SETTINGS = Settings()


@dataclass(frozen=True, order=True)
class Bootstrap:
    """An environment that `cdk bootstrap` prepares."""

    account: str
    region: str
    qualifier: str = DEFAULT_QUALIFIER


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`name` is the pipeline's as far as the template tells; `account` and `region` are where it is deployed.

    `assembly` holds the stacks that this pipeline needs, and no others; `unsupported` one sentence for each thing that
    this machine cannot do, `stored_only` what it deploys and does not rehearse, `notices` what differs here.
    """

    name: str
    logical_id: str
    stack: StackArtifact
    account: str
    region: str
    definition: PipelineDefinition
    bootstraps: tuple[Bootstrap, ...]
    assembly: CloudAssembly
    unsupported: tuple[str, ...] = ()
    stored_only: tuple[StoredOnly, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def not_rehearsed(self) -> tuple[str, ...]:
        """What is stored only and can decide a release, a sentence each, without its full stop."""
        return tuple(str(item) for item in self.stored_only if not item.is_quiet)

    def require_supported(self) -> None:
        """Raises Unsupported, with every reason, when there is any."""
        if self.unsupported:
            raise Unsupported(f"{self.refusal}\nNothing was started.")

    @property
    def refusal(self) -> str:
        """Every reason why this machine cannot run it, in words."""
        reasons = "\n".join(f"  - {reason}" for reason in self.unsupported)
        return f"This machine cannot run pipeline {self.name} of stack {self.stack.name}:\n{reasons}"


@dataclass(frozen=True)
class _Found:
    stack: StackArtifact
    logical_id: str
    properties: Mapping[str, Any]
    name: str


def make_plan(assembly: CloudAssembly, settings: Settings = DEFAULT_SETTINGS) -> Plan:
    """The plan of the assembly's pipeline; the settings choose among several by name, logical id or stack.

    Raises BadInput when there is no such pipeline, or several and no choice.
    """
    found = _choose(_find_pipelines(assembly, settings), settings.pipeline, assembly)
    account, region = _environment(found.stack.environment, settings)
    resolver = Resolver(template=found.stack.template, account=account, region=region, stack_name=found.stack.name)
    try:
        definition = planned_definition(resolver.resolve(found.properties))
    except ValueError as exc:
        raise BadInput(f"Pipeline {found.name} of stack {found.stack.name}: {exc}") from exc
    needed = needed_by(assembly, found.stack, definition, _buildspecs(found.stack, resolver))
    resources = [resource for stack in needed.stacks for _, resource in stack.resources()]
    return Plan(
        name=found.name,
        logical_id=found.logical_id,
        stack=found.stack,
        account=account,
        region=region,
        definition=definition,
        bootstraps=_bootstraps(needed, account, region),
        assembly=needed,
        unsupported=(
            *_refusals_of_definition(found, needed, account, region),
            *find_unsupported(needed, definition, default=(account, region), settings=settings),
        ),
        stored_only=(*stored_only(resources), *blind_alarms(resources)),
        notices=(
            *notices_of_definition(definition),
            *notices_of_builds(needed, definition, (account, region)),
        ),
    )


def _refusals_of_definition(found: _Found, needed: CloudAssembly, account: str, region: str) -> Iterator[str]:
    """None where context is missing or an account is to be filled in: what stands for it is in the names."""
    if not needed.missing and not any(unfilled_environments(needed)):
        yield from problems_of_definition(found.properties, found.stack, account=account, region=region)


def _environment(environment: Environment, settings: Settings) -> tuple[str, str]:
    return environment.account or settings.account, environment.region or settings.region


def _find_pipelines(assembly: CloudAssembly, settings: Settings) -> list[_Found]:
    found = []
    for stack in assembly.stacks:
        account, region = _environment(stack.environment, settings)
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


def _buildspecs(stack: StackArtifact, resolver: Resolver) -> tuple[str, ...]:
    sources = (
        (resource.get("Properties") or {}).get("Source") or {}
        for _, resource in stack.resources()
        if resource.get("Type") == "AWS::CodeBuild::Project"
    )
    return tuple(str(resolver.resolve(source.get("BuildSpec", ""))) for source in sources)


def _bootstraps(assembly: CloudAssembly, account: str, region: str) -> tuple[Bootstrap, ...]:
    """Every environment that a stack which is needed is deployed to; agnostic ones go where the pipeline is."""
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

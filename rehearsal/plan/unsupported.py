"""Collects all of an assembly that this machine cannot run, one sentence each, so that a run can refuse at once.

It must not stop at the first, and must not judge what it cannot see: what a build does is seen when it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.aws.cloudformation.public_parameters import unserved_parameters
from rehearsal.aws.cloudformation.stack_outputs import stack_outputs_in
from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.codepipeline.supported import unsupported_in_definition
from rehearsal.errors import Unsupported
from rehearsal.plan.builds import refused_builds
from rehearsal.plan.context_example import context_example
from rehearsal.plan.deployment_checks import refused_resources
from rehearsal.plan.nodejs_functions import unsupported_nodejs
from rehearsal.plan.resource_standing import refused_properties, refused_type
from rehearsal.plan.resource_types import unsupported_resource_types
from rehearsal.plan.roles import unmade_roles
from rehearsal.source.assembly import CloudAssembly
from rehearsal.source.references import missing_imports, missing_outputs, place_of
from rehearsal.source.settings import SETTINGS_FILE, Settings, parse_account, parse_region

NESTED_STACK_TYPE = "AWS::CloudFormation::Stack"


def find_unsupported(
    assembly: CloudAssembly, definition: PipelineDefinition, *, default: tuple[str, str], settings: Settings
) -> tuple[str, ...]:
    """Sentences in the order: environments, context, pipeline, builds, resources, functions, parsers, assets, imports.

    `assembly` holds what the pipeline needs alone; `default` is the place of agnostic stacks.
    """
    return (
        *(_missing_context(assembly) if assembly.missing else unfilled_environments(assembly)),
        *_public_parameters(assembly),
        *unsupported_in_definition(definition),
        *_missing_templates(assembly, definition),
        *unmade_roles(assembly, definition, default),
        *refused_builds(assembly, definition, default),
        *_resources(assembly),
        *_functions(assembly),
        *unsupported_nodejs(assembly),
        *_refused_resources(assembly, default),
        *_docker_images(assembly),
        *_imports(assembly, default, settings),
        *_stack_outputs(assembly, default, settings),
    )


def unfilled_environments(assembly: CloudAssembly) -> Iterator[str]:
    """What stands for one in an app that is to be filled in, as a tutorial's is: no CLI deploys there."""
    for stack in assembly.stacks:
        account, region = stack.environment.account, stack.environment.region
        for what, parse, value in (("account", parse_account, account), ("region", parse_region, region)):
            if value is not None:
                try:
                    parse(f"stack {stack.name}: its {what}", value)
                except ValueError as exc:
                    yield str(exc).rstrip(".")


def _missing_context(assembly: CloudAssembly) -> Iterator[str]:
    """Each once: a stack of a stage may lack what the pipeline's own does."""
    for entry in {entry.key: entry for entry in assembly.missing}.values():
        yield (
            f"context {entry.key} (provider {entry.provider}): looked up in AWS and not in cdk.context.json; "
            "run `cdk synth` with AWS credentials once and commit cdk.context.json, or give its value below [context] "
            f"in {SETTINGS_FILE}" + (f", as: {example}" if (example := context_example(entry)) else "")
        )


def _public_parameters(assembly: CloudAssembly) -> Iterator[str]:
    for stack in assembly.stacks:
        for name, read in unserved_parameters(stack.template):
            yield (
                f"parameter {name} in stack {stack.name}: it reads {read}, which AWS publishes and the local AWS has "
                "not; images (AWS::EC2::Image::Id) are there"
            )


def _missing_templates(assembly: CloudAssembly, definition: PipelineDefinition) -> Iterator[str]:
    """A template that the assembly does not hold may come from another build; one of the assembly's own may not."""
    known = {stack.template_file for stack in assembly.stacks}
    for stage in definition.stages:
        for action in stage.actions:
            path = action.configuration.get("TemplatePath", "").partition("::")[2]
            if path.startswith("assembly-") and path not in known:
                yield f"action {stage.name}/{action.name}: its template {path} is not in the cloud assembly"


def _resources(assembly: CloudAssembly) -> Iterator[str]:
    for stack in assembly.stacks:
        types = {logical_id: str(resource.get("Type")) for logical_id, resource in stack.resources()}
        for logical_id in sorted(logical_id for logical_id, of in types.items() if of == NESTED_STACK_TYPE):
            yield (
                f"nested stack {logical_id} in stack {stack.name}: its template would reach the emulator as it is, "
                "without canaries and alarms; make it a stack of its own"
            )
        for kind in unsupported_resource_types(set(types.values()) - {NESTED_STACK_TYPE}):
            names = ", ".join(sorted(logical_id for logical_id, of in types.items() if of == kind))
            why = refused_type(kind)
            yield f"resource type {kind} in stack {stack.name} ({names})" + (f": {why}" if why else "")
        for logical_id, resource in stack.resources():
            for path, why in refused_properties(resource):
                yield f"{path} of {logical_id} ({resource['Type']}) in stack {stack.name}: {why}"


def _functions(assembly: CloudAssembly) -> Iterator[str]:
    for stack in assembly.stacks:
        for logical_id, resource in stack.resources():
            if resource.get("Type") != "AWS::Lambda::Function":
                continue
            properties: Mapping[str, Any] = resource.get("Properties") or {}
            if properties.get("PackageType") == "Image":
                yield f"function {logical_id} in stack {stack.name}: a container image, which needs Docker"
            runtime = properties.get("Runtime")
            if isinstance(runtime, str) and not runtime.startswith(("python", "nodejs")):
                yield f"function {logical_id} in stack {stack.name}: runtime {runtime}; supported: python3.x, nodejs"


def _refused_resources(assembly: CloudAssembly, default: tuple[str, str]) -> Iterator[str]:
    for stack in assembly.stacks:
        account, region = place_of(stack, default)
        yield from refused_resources(stack, account=account, region=region)


def _docker_images(assembly: CloudAssembly) -> Iterator[str]:
    for stack in assembly.stacks:
        for asset in stack.assets:
            if asset.is_docker_image:
                yield f"Docker image asset {asset.display_name} in stack {stack.name}: there is no Docker here"


def _imports(assembly: CloudAssembly, default: tuple[str, str], settings: Settings) -> Iterator[str]:
    for stack, name in missing_imports(assembly, default):
        if name not in settings.exports:
            yield (
                f"Fn::ImportValue {name} in stack {stack.name}: no stack that this pipeline deploys exports it there; "
                f"give its value below [exports] in {SETTINGS_FILE}"
            )


def _stack_outputs(assembly: CloudAssembly, default: tuple[str, str], settings: Settings) -> Iterator[str]:
    """An output that is read and that no stack has; or a reading that is not literal."""
    for stack in assembly.stacks:
        try:
            stack_outputs_in(stack.template)
        except Unsupported as exc:
            yield f"stack {stack.name}: {exc}"
    for stack, output in missing_outputs(assembly, default):
        if output.output_name not in settings.stack_outputs.get(output.stack_name, {}):
            yield (
                f"Fn::GetStackOutput {output.stack_name}.{output.output_name} in stack {stack.name}: no stack that "
                f"this pipeline deploys has that output there; give its value below [stack_outputs] in {SETTINGS_FILE}"
            )

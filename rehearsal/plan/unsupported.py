"""Collects all of an assembly that this machine cannot run, one sentence each, so that a run can refuse at once.

It must not stop at the first, and must not judge what it cannot see: what a build does is seen when it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.aws.cloudformation.stack_outputs import stack_outputs_in
from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.codepipeline.supported import unsupported_in_definition
from rehearsal.errors import Unsupported
from rehearsal.plan.builds import refused_builds
from rehearsal.plan.deployment_checks import refused_resources
from rehearsal.plan.nodejs_functions import unsupported_nodejs
from rehearsal.plan.resource_standing import refused_properties, refused_type
from rehearsal.plan.resource_types import unsupported_resource_types
from rehearsal.source.assembly import CloudAssembly, StackArtifact
from rehearsal.source.intrinsics import Resolver

NESTED_STACK_TYPE = "AWS::CloudFormation::Stack"


def find_unsupported(
    assembly: CloudAssembly, definition: PipelineDefinition, *, default: tuple[str, str], cli_version: str | None
) -> tuple[str, ...]:
    """Sentences in the order: tool, context, pipeline, builds, resources, functions, parsers, assets, imports."""
    return (
        *_old_cli(assembly, cli_version),
        *_missing_context(assembly),
        *unsupported_in_definition(definition),
        *_missing_templates(assembly, definition),
        *refused_builds(assembly, definition, default),
        *_resources(assembly),
        *_functions(assembly),
        *unsupported_nodejs(assembly),
        *_refused_resources(assembly, default),
        *_docker_images(assembly),
        *_imports(assembly, default),
        *_stack_outputs(assembly, default),
    )


def _old_cli(assembly: CloudAssembly, cli_version: str | None) -> Iterator[str]:
    minimum = assembly.minimum_cli_version
    if minimum and cli_version and _version(cli_version) < _version(minimum):
        yield (
            f"the CDK CLI {cli_version}: the assembly (schema {assembly.version}) needs {minimum} or newer; "
            "update aws-cdk in the project's package.json"
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("-")[0].split("+")[0].split(".") if part.isdigit())


def _missing_context(assembly: CloudAssembly) -> Iterator[str]:
    for entry in assembly.missing:
        yield (
            f"context {entry.key} (provider {entry.provider}): looked up in AWS and not in cdk.context.json; "
            "run `cdk synth` with AWS credentials once and commit cdk.context.json"
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
        account, region = _place(stack, default)
        yield from refused_resources(stack, account=account, region=region)


def _docker_images(assembly: CloudAssembly) -> Iterator[str]:
    for stack in assembly.stacks:
        for asset in stack.assets:
            if asset.is_docker_image:
                yield f"Docker image asset {asset.display_name} in stack {stack.name}: there is no Docker here"


def _imports(assembly: CloudAssembly, default: tuple[str, str]) -> Iterator[str]:
    exports = {(*_place(stack, default), name) for stack in assembly.stacks for name in _export_names(stack, default)}
    for stack in assembly.stacks:
        for name in sorted(set(_import_names(stack.template, _resolver(stack, default)))):
            if "<" not in name and (*_place(stack, default), name) not in exports:
                yield f"Fn::ImportValue {name} in stack {stack.name}: no stack of the assembly exports it there"


def _stack_outputs(assembly: CloudAssembly, default: tuple[str, str]) -> Iterator[str]:
    """An output that is read and that no stack has; or a reading that is not literal."""
    known = {
        (*_place(stack, default), stack.name, name)
        for stack in assembly.stacks
        for name in stack.template.get("Outputs") or {}
    }
    for stack in assembly.stacks:
        try:
            wanted = stack_outputs_in(stack.template)
        except Unsupported as exc:
            yield f"stack {stack.name}: {exc}"
            continue
        for output in sorted(wanted, key=str):
            account, region = _place(stack, default)
            if (account, output.region or region, output.stack_name, output.output_name) not in known:
                yield (
                    f"Fn::GetStackOutput {output.stack_name}.{output.output_name} in stack {stack.name}: "
                    "no stack of the assembly has that output there"
                )


def _place(stack: StackArtifact, default: tuple[str, str]) -> tuple[str, str]:
    return stack.environment.account or default[0], stack.environment.region or default[1]


def _resolver(stack: StackArtifact, default: tuple[str, str]) -> Resolver:
    account, region = _place(stack, default)
    return Resolver(template=stack.template, account=account, region=region, stack_name=stack.name)


def _export_names(stack: StackArtifact, default: tuple[str, str]) -> Iterator[str]:
    resolver = _resolver(stack, default)
    for output in (stack.template.get("Outputs") or {}).values():
        if "Export" in output:
            yield str(resolver.resolve(output["Export"]["Name"]))


def _import_names(value: Any, resolver: Resolver) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _import_names(item, resolver)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key == "Fn::ImportValue":
                yield str(resolver.resolve(item))
            else:
                yield from _import_names(item, resolver)

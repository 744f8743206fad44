"""What of a pipeline's builds cannot be run here, and what of them differs: actions, their projects, the buildspecs.

It must not judge projects that are in no action of the pipeline: nothing here builds them, and a notice says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.codebuild.action_configuration import refused_configuration
from rehearsal.codebuild.buildspec import Buildspec, BuildspecError, is_inline, parse_buildspec
from rehearsal.codebuild.notices import notices_of_build
from rehearsal.codebuild.project import parse_overrides
from rehearsal.codebuild.project_properties import notices_of_properties, refused_properties
from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.errors import ActionFailed
from rehearsal.plan.certain import certain_values, is_hidden
from rehearsal.source.assembly import CloudAssembly
from rehearsal.source.intrinsics import Resolver

PROJECT_TYPE = "AWS::CodeBuild::Project"
PROVIDER = "CodeBuild"


@dataclass(frozen=True)
class _Project:
    """`properties` hold what is certain, with tokens for the rest; `name` is as the pipeline's actions have it."""

    stack: str
    logical_id: str
    name: str | None
    properties: Mapping[str, Any]

    @property
    def path(self) -> str:
        return f"project {self.logical_id} in stack {self.stack}"

    def is_named(self, name: str) -> bool:
        return name in (f"<{self.logical_id}>", self.name)


def refused_builds(assembly: CloudAssembly, definition: PipelineDefinition, default: tuple[str, str]) -> Iterator[str]:
    """A buildspec that a source brings is seen when it is there."""
    for stage, action in _actions(definition):
        for reason in refused_configuration(action):
            yield f"action {stage}/{action.name}: {reason}"
    for project in _built(assembly, definition, default)[0]:
        for reason in refused_properties(project.properties, is_hidden):
            yield f"{project.path}: {reason}"
        try:
            buildspec = _buildspec(project, assembly.directory)
        except BuildspecError as exc:
            yield f"buildspec of {project.path}: {exc}"
            continue
        for reason in buildspec.refused if buildspec else ():
            yield f"buildspec of {project.path}: {reason}"


def notices_of_builds(
    assembly: CloudAssembly, definition: PipelineDefinition, default: tuple[str, str]
) -> tuple[str, ...]:
    """Each once, in the words of the run's own notices."""
    built, not_built = _built(assembly, definition, default)
    texts: list[str] = []
    for project in built:
        texts += notices_of_properties(project.properties)
        try:
            buildspec = _buildspec(project, assembly.directory)
        except BuildspecError:
            continue  # refused
        if buildspec is not None:
            texts += notices_of_build(buildspec, _variable_names(project, buildspec, definition))
    texts += [f"{project.path} is in no action of the pipeline, and is never built here." for project in not_built]
    return tuple(dict.fromkeys(f"CodeBuild: {text}" for text in texts))


def _built(
    assembly: CloudAssembly, definition: PipelineDefinition, default: tuple[str, str]
) -> tuple[list[_Project], list[_Project]]:
    """The projects of the pipeline's actions, and the others. Where an action names none of them, any may be meant."""
    projects = list(_projects(assembly, default))
    names = {action.configuration.get("ProjectName", "") for _, action in _actions(definition)}
    if any(not any(project.is_named(name) for project in projects) for name in names):
        return projects, []
    built = [project for project in projects if any(project.is_named(name) for name in names)]
    return built, [project for project in projects if project not in built]


def _actions(definition: PipelineDefinition) -> Iterator[tuple[str, ActionDeclaration]]:
    for stage in definition.stages:
        for action in stage.actions:
            if action.action_type.provider == PROVIDER:
                yield stage.name, action


def _projects(assembly: CloudAssembly, default: tuple[str, str]) -> Iterator[_Project]:
    for stack in assembly.stacks:
        account, region = stack.environment.account or default[0], stack.environment.region or default[1]
        resolver = Resolver(template=stack.template, account=account, region=region, stack_name=stack.name)
        certain = certain_values(stack, account=account, region=region)
        for logical_id, resource in stack.resources():
            if resource.get("Type") == PROJECT_TYPE:
                properties = resource.get("Properties") or {}
                name = resolver.resolve(properties["Name"]) if "Name" in properties else None
                yield _Project(stack.name, logical_id, name, certain(properties))


def _buildspec(project: _Project, folder: Path) -> Buildspec | None:
    """None where a source brings it. Raises BuildspecError."""
    text = str((project.properties.get("Source") or {}).get("BuildSpec") or "")
    if text.startswith("arn:"):
        raise BuildspecError(f"it is in S3 ({text}); make it inline, or a file of the source")
    if not is_inline(text):
        file = folder / text
        if not file.is_file():
            return None
        text = file.read_text(encoding="utf-8")
    return parse_buildspec(text)


def _variable_names(project: _Project, buildspec: Buildspec, definition: PipelineDefinition) -> Iterator[str]:
    yield from (*buildspec.variables, *buildspec.parameter_store, *buildspec.secrets_manager)
    environment = project.properties.get("Environment") or {}
    yield from (str(variable.get("Name", "")) for variable in environment.get("EnvironmentVariables") or [])
    for _, action in _actions(definition):
        if project.is_named(action.configuration.get("ProjectName", "")):
            try:
                overrides = parse_overrides(action.configuration.get("EnvironmentVariables", ""))
            except ActionFailed:
                continue  # the action says so when it runs
            yield from (variable.name for variable in overrides)

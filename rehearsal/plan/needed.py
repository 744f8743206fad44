"""Which stacks of an assembly a pipeline needs: its own, those that its actions deploy, and what these depend on.

An app may hold others (a sandbox, another pipeline's): they decide nothing, for this pipeline never deploys them. It
must not judge whether the stacks can be deployed.
Source: CodePipeline user guide, "AWS CloudFormation deploy action reference" (TemplatePath).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.source.assembly import CloudAssembly, StackArtifact

_CDK_DEPLOY = re.compile(r"\bcdk\b[^\n;&|]*\bdeploy\b[^\n;&|]*")
_BETWEEN_WORDS = re.compile(r"[\s'\"\\]+")


def needed_by(
    assembly: CloudAssembly, own: StackArtifact, definition: PipelineDefinition, buildspecs: tuple[str, ...] = ()
) -> CloudAssembly:
    """The assembly without the stacks that the pipeline of stack `own` does not need.

    `buildspecs` are the texts of its builds: a `cdk deploy` in one needs the stacks that it names.
    """
    paths = [
        action.configuration.get("TemplatePath", "").partition("::")[2]
        for stage in definition.stages
        for action in stage.actions
    ]
    deployed = [stack for stack in assembly.stacks if any(_is_at(stack.template_file, path) for path in paths)]
    wanted = [own, *deployed, *_deployed_by_builds(assembly, buildspecs)]
    return assembly.only(_with_dependencies(assembly, wanted))


def _is_at(template_file: str, path: str) -> bool:
    """The artifact may be the assembly itself, or hold its folder."""
    return path == template_file or path.endswith(f"/{template_file}")


def _deployed_by_builds(assembly: CloudAssembly, buildspecs: tuple[str, ...]) -> Iterator[StackArtifact]:
    """The CLI takes a stack's path, name or id, and patterns of them."""
    commands = [found.group() for text in buildspecs for found in _CDK_DEPLOY.finditer(text)]
    words = {word for command in commands for word in _BETWEEN_WORDS.split(command)}
    for stack in assembly.stacks:
        names = (stack.artifact_id, stack.name, stack.display_name)
        if "--all" in words or any(fnmatchcase(name, word) for name in names for word in words):
            yield stack


def _with_dependencies(assembly: CloudAssembly, wanted: list[StackArtifact]) -> list[StackArtifact]:
    """A stack names those that it depends on by their ids in its own level of the assembly."""
    by_id = {(_level(stack), stack.artifact_id): stack for stack in assembly.stacks}
    found: list[StackArtifact] = []
    while wanted:
        stack = wanted.pop()
        if stack not in found:
            found.append(stack)
            wanted += [by_id[_level(stack), name] for name in stack.dependencies]
    return found


def _level(stack: StackArtifact) -> PurePosixPath:
    return PurePosixPath(stack.template_file).parent

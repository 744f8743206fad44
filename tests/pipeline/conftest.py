"""The pipeline as synthesized, in the shapes that its tests ask about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.assembly import Assembly, Template


@pytest.fixture
def template(assembly: Assembly) -> Template:
    return assembly.pipeline_template


@pytest.fixture
def pipeline(template: Template) -> dict[str, Any]:
    """The properties of the AWS::CodePipeline::Pipeline."""
    return template.only("AWS::CodePipeline::Pipeline")


@pytest.fixture
def stages(pipeline: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {stage["Name"]: stage for stage in pipeline["Stages"]}


@pytest.fixture
def buildspecs(assembly: Assembly, template: Template) -> dict[str, dict[str, Any]]:
    """The buildspec of every CodeBuild project, by logical id: inline, or a file of the assembly."""
    found = {}
    for logical_id, project in template.of_type("AWS::CodeBuild::Project").items():
        buildspec = project["Properties"]["Source"]["BuildSpec"]
        if not buildspec.startswith("{"):
            buildspec = (assembly.folder / buildspec).read_text()
        found[logical_id] = json.loads(buildspec)
    return found

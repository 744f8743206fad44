"""AWS::CodePipeline::Pipeline and what belongs to it, for CloudFormation: keeps the definition that was deployed.

It must not run a pipeline. Source: "AWS::CodePipeline::Pipeline" (Return values: Ref is the name, Version).
"""

from __future__ import annotations

import secrets
import string

from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, ResourceUnsupported
from rehearsal.codepipeline.definition import PipelineDefinition, parse_definition
from rehearsal.codepipeline.definition_rules import refusals
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline, PipelineStore
from rehearsal.codepipeline.supported import unread_properties, unsupported_in_definition

PIPELINE = "AWS::CodePipeline::Pipeline"
_NAME_MAXIMUM = 100


class PipelineProvider:
    """Every create and update gives the pipeline a new version; a definition that CodePipeline refuses is
    refused in its words, one that cannot run here as not supported."""

    resource_types = frozenset({PIPELINE})

    def __init__(self, store: PipelineStore) -> None:
        self._store = store

    def create(self, request: ResourceRequest) -> ResourceResult:
        definition = _definition(request)
        name = definition.name or _generated_name(request)
        if self._store.find(request.account, request.region, name) is not None:
            raise ResourceFailed(f"A pipeline named {name} already exists in {request.account}/{request.region}.")
        pipeline = DeployedPipeline(
            request.account,
            request.region,
            name,
            definition,
            request.properties,
            stack_name=request.stack_name,
            logical_id=request.logical_id,
        )
        self._store.add(pipeline)
        return _result(pipeline)

    def update(self, request: ResourceRequest) -> ResourceResult:
        """A new name is a replacement, as on AWS."""
        definition = _definition(request)
        pipeline = self._store.find(request.account, request.region, request.physical_id or "")
        if pipeline is None or (definition.name is not None and definition.name != pipeline.name):
            return self.create(request)
        pipeline.update(definition, request.properties)
        return _result(pipeline)

    def delete(self, request: ResourceRequest) -> None:
        if request.physical_id:
            self._store.remove(request.account, request.region, request.physical_id)


def _definition(request: ResourceRequest) -> PipelineDefinition:
    """Raises ResourceFailed in CodePipeline's words, or ResourceUnsupported in ours."""
    if refused := refusals(request.properties, region=request.region):
        raise ResourceFailed("; ".join(refused))
    definition = parse_definition(request.properties)
    if unsupported := (*unread_properties(request.properties), *unsupported_in_definition(definition)):
        raise ResourceUnsupported("This machine cannot run the pipeline: " + "; ".join(unsupported))
    return definition


def _generated_name(request: ResourceRequest) -> str:
    suffix = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))
    return f"{request.stack_name}-{request.logical_id}"[: _NAME_MAXIMUM - 13] + f"-{suffix}"


def _result(pipeline: DeployedPipeline) -> ResourceResult:
    return ResourceResult(pipeline.name, {"Version": str(pipeline.version)})

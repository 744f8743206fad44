from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rehearsal.aws.resource import ResourceFailed, ResourceRequest
from rehearsal.codepipeline.deployed_pipeline import PipelineStore
from rehearsal.codepipeline.pipeline_provider import PIPELINE, PipelineProvider
from tests.rehearsal.codepipeline.fake_cloud import ACCOUNT, REGION
from tests.rehearsal.codepipeline.valid_properties import SOURCE_STAGE, stage, valid_properties


def request(provider: str = "Manual", category: str = "Approval", **changes: Any) -> ResourceRequest:
    kind = {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}
    properties = valid_properties(
        stages=[SOURCE_STAGE, stage("Only", {"Name": "Act", "ActionTypeId": kind})], **changes
    )
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="Pipe",
        stack_id="id",
        logical_id="Pipeline",
        resource_type=PIPELINE,
        properties=properties,
    )


def test_create_keeps_the_definition_and_answers_its_name() -> None:
    store = PipelineStore()

    result = PipelineProvider(store).create(request())

    pipeline = store.find(ACCOUNT, REGION, "release")
    assert pipeline is not None
    assert (result.physical_id, result.attributes["Version"], pipeline.version) == ("release", "1", 1)


def test_create_makes_a_name_when_there_is_none() -> None:
    unnamed = request()
    unnamed = replace(unnamed, properties={k: v for k, v in unnamed.properties.items() if k != "Name"})

    result = PipelineProvider(PipelineStore()).create(unnamed)

    assert result.physical_id.startswith("Pipe-Pipeline-")


def test_update_gives_the_pipeline_a_new_version() -> None:
    store = PipelineStore()
    provider = PipelineProvider(store)
    provider.create(request())

    result = provider.update(replace(request(PipelineType="V2"), physical_id="release"))

    pipeline = store.find(ACCOUNT, REGION, "release")
    assert pipeline is not None
    assert (result.physical_id, pipeline.version, pipeline.definition.pipeline_type) == ("release", 2, "V2")


def test_update_replaces_the_pipeline_when_its_name_changes() -> None:
    store = PipelineStore()
    provider = PipelineProvider(store)
    provider.create(request())

    result = provider.update(replace(request(Name="other"), physical_id="release"))
    provider.delete(replace(request(), physical_id="release"))

    assert result.physical_id == "other"
    assert [pipeline.name for pipeline in store.in_account(ACCOUNT, REGION)] == ["other"]


def test_create_refuses_a_provider_that_cannot_run_here() -> None:
    with pytest.raises(ResourceFailed, match="Only/Act: Invoke provider StepFunctions"):
        PipelineProvider(PipelineStore()).create(request("StepFunctions", "Invoke"))


def test_create_refuses_a_name_that_is_taken() -> None:
    provider = PipelineProvider(PipelineStore())
    provider.create(request())

    with pytest.raises(ResourceFailed, match="already exists"):
        provider.create(request())

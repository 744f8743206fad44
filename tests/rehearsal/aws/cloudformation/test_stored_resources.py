from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rehearsal.aws.cloudformation.stored_resources import StoredResources
from rehearsal.aws.cloudformation.stored_types import STORED_TYPES
from rehearsal.aws.resource import ResourceRequest


def request_for(resource_type: str, **properties: object) -> ResourceRequest:
    return ResourceRequest(
        account="111111111111",
        region="eu-west-1",
        stack_name="Pipe",
        stack_id="arn:aws:cloudformation:eu-west-1:111111111111:stack/Pipe/1",
        logical_id="Thing",
        resource_type=resource_type,
        properties=properties,
    )


def test_repository_answers_what_its_page_says_that_ref_and_getatt_give() -> None:
    result = StoredResources().create(request_for("AWS::CodeCommit::Repository", RepositoryName="app"))

    assert re.fullmatch(r"[0-9a-f-]{36}", result.physical_id)
    assert result.attributes == {
        "Arn": "arn:aws:codecommit:eu-west-1:111111111111:app",
        "CloneUrlHttp": "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/app",
        "CloneUrlSsh": "ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/app",
        "Name": "app",
        "RepositoryId": result.physical_id,
    }


@pytest.mark.parametrize("resource_type", sorted(STORED_TYPES))
def test_every_type_has_an_identifier_of_its_own_and_no_hole_in_an_attribute(resource_type: str) -> None:
    names = (*STORED_TYPES[resource_type].replacing, "BackupPlanId")

    result = StoredResources().create(request_for(resource_type, **dict.fromkeys(names, "x")))

    texts = [result.physical_id, *result.attributes.values()]
    assert all(texts)
    assert [text for text in texts if "{" in text or text.endswith("/")] == []


def test_resource_keeps_its_identifiers_when_something_else_of_it_changes() -> None:
    provider = StoredResources()
    created = provider.create(request_for("AWS::EC2::NatGateway", SubnetId="a"))
    update = replace(
        request_for("AWS::EC2::NatGateway", SubnetId="a", Tags=[]),
        physical_id=created.physical_id,
        old_properties={"SubnetId": "a"},
    )

    assert provider.update(update) == created


def test_resource_is_another_one_when_what_aws_replaces_it_for_changes() -> None:
    provider = StoredResources()
    created = provider.create(request_for("AWS::EC2::NatGateway", SubnetId="a"))
    update = replace(
        request_for("AWS::EC2::NatGateway", SubnetId="b"),
        physical_id=created.physical_id,
        old_properties={"SubnetId": "a"},
    )

    assert provider.update(update).physical_id != created.physical_id


def test_generated_name_tells_stack_and_logical_id() -> None:
    result = StoredResources().create(request_for("AWS::CodeBuild::ReportGroup"))

    assert re.fullmatch(
        r"arn:aws:codebuild:eu-west-1:111111111111:report-group/Pipe-Thing-[0-9a-f]{12}", result.physical_id
    )

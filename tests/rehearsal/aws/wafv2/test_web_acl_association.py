from __future__ import annotations

import pytest

from rehearsal.aws.resource import ResourceRequest
from rehearsal.aws.wafv2.web_acl_association import WebAclAssociationProvider
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, BareCloud

VISIBILITY = {"CloudWatchMetricsEnabled": True, "MetricName": "m", "SampledRequestsEnabled": True}


@pytest.fixture
def provider(cloud: BareCloud) -> WebAclAssociationProvider:
    return WebAclAssociationProvider(cloud.clients)


def web_acl(cloud: BareCloud, name: str) -> str:
    made = cloud.client("wafv2").create_web_acl(
        Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY
    )
    return str(made["Summary"]["ARN"])


def stage_arn(name: str) -> str:
    return f"arn:aws:apigateway:{REGION}::/restapis/{name}/stages/prod"


def request(stage: str, acl: str, physical_id: str | None = None) -> ResourceRequest:
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="stack",
        stack_id="stack-id",
        logical_id="OfTheStage",
        resource_type="AWS::WAFv2::WebACLAssociation",
        properties={"ResourceArn": stage, "WebACLArn": acl},
        physical_id=physical_id,
    )


def guard_of(cloud: BareCloud, stage: str) -> str | None:
    client = cloud.client("wafv2")
    try:
        return str(client.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["ARN"])
    except client.exceptions.WAFNonexistentItemException:
        return None


def test_stage_has_the_web_acl_until_the_association_is_deleted(
    cloud: BareCloud, provider: WebAclAssociationProvider
) -> None:
    stage, acl = stage_arn("one"), web_acl(cloud, "one")

    made = provider.create(request(stage, acl))
    assert guard_of(cloud, stage) == acl

    provider.delete(request(stage, acl, made.physical_id))
    assert guard_of(cloud, stage) is None


def test_replaced_web_acl_stays_when_the_old_association_is_deleted(
    cloud: BareCloud, provider: WebAclAssociationProvider
) -> None:
    stage, old, new = stage_arn("two"), web_acl(cloud, "old"), web_acl(cloud, "new")
    first = provider.create(request(stage, old)).physical_id

    second = provider.update(request(stage, new, first)).physical_id
    provider.delete(request(stage, old, first))

    assert first != second
    assert guard_of(cloud, stage) == new

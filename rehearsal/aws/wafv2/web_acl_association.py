"""AWS::WAFv2::WebACLAssociation, by which AWS WAF protects an API's stage: the emulator keeps it and filters nothing.

Source: AWS::WAFv2::WebACLAssociation in the template reference.
"""

from __future__ import annotations

from typing import Any

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.resource import ResourceRequest, ResourceResult

WEB_ACL_ASSOCIATION = "AWS::WAFv2::WebACLAssociation"


class WebAclAssociationProvider:
    """A `ResourceProvider`. Both properties make a replacement; the old resource, when it is another, is let go of."""

    resource_types = frozenset({WEB_ACL_ASSOCIATION})

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def create(self, request: ResourceRequest) -> ResourceResult:
        resource_arn, web_acl_arn = str(request.properties["ResourceArn"]), str(request.properties["WebACLArn"])
        self._client(request).associate_web_acl(ResourceArn=resource_arn, WebACLArn=web_acl_arn)
        return ResourceResult(f"{web_acl_arn}|{resource_arn}")

    def update(self, request: ResourceRequest) -> ResourceResult:
        return self.create(request)

    def delete(self, request: ResourceRequest) -> None:
        """Nothing when the resource has another web ACL by now: this is what is left of a replacement."""
        client = self._client(request)
        web_acl_arn, resource_arn = str(request.physical_id).split("|", 1)
        associated = client.list_resources_for_web_acl(WebACLArn=web_acl_arn, ResourceType="API_GATEWAY")
        if resource_arn in associated["ResourceArns"]:
            client.disassociate_web_acl(ResourceArn=resource_arn)

    def _client(self, request: ResourceRequest) -> Any:
        return self._clients.root(request.account, request.region).client("wafv2")

"""AWS::CodePipeline::Webhook, by which GitHub (version 1) tells of a push: it exists, and nobody calls it here.

Source: "AWS::CodePipeline::Webhook" (return values: Ref is the name, Url).
"""

from __future__ import annotations

import secrets

from rehearsal.aws.resource import ResourceRequest, ResourceResult

WEBHOOK = "AWS::CodePipeline::Webhook"


class WebhookProvider:
    """The run itself hands the commit to the pipeline, so a webhook only has to be referred to."""

    resource_types = frozenset({WEBHOOK})

    def create(self, request: ResourceRequest) -> ResourceResult:
        name = request.properties.get("Name") or f"{request.stack_name}-{request.logical_id}-{secrets.token_hex(6)}"
        return _result(request, str(name))

    def update(self, request: ResourceRequest) -> ResourceResult:
        """A new name is a replacement, as on AWS."""
        if request.properties.get("Name") not in (None, request.physical_id):
            return self.create(request)
        return _result(request, str(request.physical_id))

    def delete(self, request: ResourceRequest) -> None:
        """There is nothing behind it."""


def _result(request: ResourceRequest, name: str) -> ResourceResult:
    return ResourceResult(name, {"Url": f"https://{request.region}.webhooks.aws/trigger?t={name}"})

from __future__ import annotations

from dataclasses import replace

import pytest

from rehearsal.aws.resource import ResourceRequest
from rehearsal.codepipeline.webhook_provider import WEBHOOK, WebhookProvider

REQUEST = ResourceRequest(
    account="111111111111",
    region="us-east-1",
    stack_name="Pipe",
    stack_id="id",
    logical_id="Webhook",
    resource_type=WEBHOOK,
    properties={"TargetPipeline": "release"},
)


def test_webhook_can_be_referred_to_by_name_and_url() -> None:
    created = WebhookProvider().create(REQUEST)

    assert created.physical_id.startswith("Pipe-Webhook-")
    assert created.attributes["Url"].endswith(created.physical_id)


@pytest.mark.parametrize(("name", "is_replaced"), [(None, False), ("mine", False), ("other", True)])
def test_update_replaces_a_webhook_only_when_its_name_changes(name: str | None, is_replaced: bool) -> None:
    properties = {**REQUEST.properties, **({"Name": name} if name else {})}

    updated = WebhookProvider().update(replace(REQUEST, properties=properties, physical_id="mine"))

    assert (updated.physical_id != "mine") is is_replaced

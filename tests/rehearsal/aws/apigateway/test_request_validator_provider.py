from __future__ import annotations

from typing import Any

from rehearsal.aws.apigateway.request_validator_provider import REQUEST_VALIDATOR, RequestValidatorProvider
from rehearsal.aws.resource import ResourceRequest
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, BareCloud


def request(api: str, old: dict[str, Any] | None = None, physical_id: str | None = None, **new: Any) -> ResourceRequest:
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="cars",
        stack_id="arn",
        logical_id="Validator",
        resource_type=REQUEST_VALIDATOR,
        properties={"RestApiId": api, **new},
        physical_id=physical_id,
        old_properties={"RestApiId": api, **(old or {})},
    )


def known(cloud: BareCloud, api: str) -> list[tuple[str, str, bool, bool]]:
    found = cloud.client("apigateway").get_request_validators(restApiId=api)["items"]
    return [(one["id"], one["name"], one["validateRequestBody"], one["validateRequestParameters"]) for one in found]


def test_a_validator_is_made_changed_replaced_and_deleted(cloud: BareCloud) -> None:
    provider = RequestValidatorProvider(cloud.clients)
    api = cloud.client("apigateway").create_rest_api(name="validated")["id"]

    first = provider.create(request(api, ValidateRequestBody="true")).physical_id
    assert known(cloud, api) == [(first, "Validator", True, False)]

    changed = provider.update(request(api, {"ValidateRequestBody": "true"}, first, ValidateRequestParameters="true"))
    assert (changed.physical_id, changed.attributes) == (first, {"RequestValidatorId": first})
    assert known(cloud, api) == [(first, "Validator", False, True)]

    second = provider.update(request(api, {}, first, Name="other")).physical_id
    assert second != first
    provider.delete(request(api, physical_id=first))
    provider.delete(request(api, physical_id=first))
    assert known(cloud, api) == [(second, "other", False, False)]

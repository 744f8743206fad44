"""Resources of an API, made fit for the emulator's CloudFormation, which leaves out what its own API keeps.

- A method's RequestValidatorId goes along with its models.
- An authorizer of the type REQUEST that names no identity source has none; the emulator gives it a header.

It must not call AWS. Sources: AWS::ApiGateway::Method, AWS::ApiGateway::Authorizer and AWS::ApiGatewayV2::Authorizer in
the template reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.aws.apigateway.rest_api import VALIDATOR_MODEL

_SOURCE = "IdentitySource"


def fit_api(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """The resource as it is, where nothing has to change."""
    properties = resource.get("Properties")
    if not isinstance(properties, Mapping):
        return resource
    changed: dict[str, Any]
    match resource.get("Type"):
        case "AWS::ApiGateway::Method" if "RequestValidatorId" in properties:
            models = properties.get("RequestModels")
            own = models if isinstance(models, Mapping) else {}
            changed = {"RequestModels": {**own, VALIDATOR_MODEL: properties["RequestValidatorId"]}}
        case "AWS::ApiGateway::Authorizer" if properties.get("Type") == "REQUEST" and _SOURCE not in properties:
            changed = {_SOURCE: ""}
        case "AWS::ApiGatewayV2::Authorizer" if properties.get("AuthorizerType") == "REQUEST":
            changed = {_SOURCE: properties.get(_SOURCE, [])}
        case _:
            return resource
    return {**resource, "Properties": {**properties, **changed}}

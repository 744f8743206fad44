"""AWS::ApiGateway::RequestValidator: the emulator's CloudFormation makes none, its API does.

Source: AWS::ApiGateway::RequestValidator in the template reference (a new name or API is a replacement).
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.resource import ResourceRequest, ResourceResult, as_bool

REQUEST_VALIDATOR = "AWS::ApiGateway::RequestValidator"


class RequestValidatorProvider:
    """A `ResourceProvider`. `Ref` gives the validator's id."""

    resource_types = frozenset({REQUEST_VALIDATOR})

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def create(self, request: ResourceRequest) -> ResourceResult:
        properties = request.properties
        made = self._client(request).create_request_validator(
            restApiId=str(properties["RestApiId"]),
            name=str(properties.get("Name") or request.logical_id),
            validateRequestBody=as_bool(properties.get("ValidateRequestBody")),
            validateRequestParameters=as_bool(properties.get("ValidateRequestParameters")),
        )
        return _result(str(made["id"]))

    def update(self, request: ResourceRequest) -> ResourceResult:
        new, old = request.properties, request.old_properties
        if any(new.get(name) != old.get(name) for name in ("RestApiId", "Name")):
            return self.create(request)
        self._client(request).update_request_validator(
            restApiId=str(new["RestApiId"]),
            requestValidatorId=str(request.physical_id),
            patchOperations=[
                {"op": "replace", "path": f"/{path}", "value": str(as_bool(new.get(name))).lower()}
                for path, name in (
                    ("validateRequestBody", "ValidateRequestBody"),
                    ("validateRequestParameters", "ValidateRequestParameters"),
                )
            ],
        )
        return _result(str(request.physical_id))

    def delete(self, request: ResourceRequest) -> None:
        """Nothing where it has gone with its API."""
        try:
            self._client(request).delete_request_validator(
                restApiId=str(request.properties["RestApiId"]), requestValidatorId=str(request.physical_id)
            )
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "NotFoundException":
                raise

    def _client(self, request: ResourceRequest) -> Any:
        return self._clients.root(request.account, request.region).client("apigateway")


def _result(identifier: str) -> ResourceResult:
    return ResourceResult(identifier, {"RequestValidatorId": identifier})

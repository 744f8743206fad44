"""AWS::SecretsManager::Secret. The emulator has it, but there `Ref` is a name, so that no policy which names the secret
fits it, and a generated value ignores what has to be left out of it.

The secret itself is the emulator's. It must not know who reads it.
Source: AWS::SecretsManager::Secret (Ref is the ARN) and GenerateSecretString in the template reference.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, ResourceUnsupported, as_bool, as_int

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  (a type of resource)
_FLAGS = ("ExcludeLowercase", "ExcludeNumbers", "ExcludePunctuation", "ExcludeUppercase", "IncludeSpace")
_UNSUPPORTED = ("ReplicaRegions", "Type")


class SecretProvider:
    """See the module; it is a `ResourceProvider`."""

    resource_types = frozenset({SECRET})

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def create(self, request: ResourceRequest) -> ResourceResult:
        require_supported(request)
        client, properties = self._client(request), request.properties
        made = client.create_secret(
            Name=properties.get("Name") or f"{request.logical_id[:64]}-{secrets.token_hex(6)}",
            SecretString=_value(client, properties),
            Tags=properties.get("Tags") or [],
            **_described(properties),
        )
        return _result(str(made["ARN"]))

    def update(self, request: ResourceRequest) -> ResourceResult:
        """A new name is a replacement; a value that is declared otherwise becomes a new version."""
        if request.properties.get("Name") != request.old_properties.get("Name"):
            return self.create(request)
        require_supported(request)
        client, arn = self._client(request), str(request.physical_id)
        declared = ("SecretString", "GenerateSecretString")
        changes = dict(_described(request.properties))
        if any(request.properties.get(name) != request.old_properties.get(name) for name in declared):
            changes["SecretString"] = _value(client, request.properties)
        client.update_secret(SecretId=arn, **changes)
        return _result(arn)

    def delete(self, request: ResourceRequest) -> None:
        try:
            self._client(request).delete_secret(SecretId=str(request.physical_id), ForceDeleteWithoutRecovery=True)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                raise ResourceFailed(f"Secret {request.physical_id} could not be deleted: {exc}") from exc

    def _client(self, request: ResourceRequest) -> Any:
        return self._clients.root(request.account, request.region).client("secretsmanager")


def require_supported(request: ResourceRequest) -> None:
    found = [name for name in _UNSUPPORTED if request.properties.get(name)]
    if found:
        raise ResourceUnsupported(f"{request.logical_id}: {', '.join(found)} of a secret is not supported locally.")


def _described(properties: Mapping[str, Any]) -> dict[str, str]:
    known = {"Description": properties.get("Description"), "KmsKeyId": properties.get("KmsKeyId")}
    return {name: str(value) for name, value in known.items() if value}


def _value(client: Any, properties: Mapping[str, Any]) -> str:
    """As it is declared, generated where that is asked for. Without either it is generated too, as on AWS."""
    if properties.get("SecretString"):
        return str(properties["SecretString"])
    asked = properties.get("GenerateSecretString") or {}
    options: dict[str, Any] = {name: as_bool(asked[name]) for name in _FLAGS if name in asked}
    if "PasswordLength" in asked:
        options["PasswordLength"] = as_int(asked["PasswordLength"])
    if "RequireEachIncludedType" in asked:
        options["RequireEachIncludedType"] = as_bool(asked["RequireEachIncludedType"])
    if "ExcludeCharacters" in asked:
        options["ExcludeCharacters"] = str(asked["ExcludeCharacters"])
    generated = str(client.get_random_password(**options)["RandomPassword"])
    if "SecretStringTemplate" not in asked:
        return generated
    return json.dumps({**json.loads(asked["SecretStringTemplate"]), str(asked["GenerateStringKey"]): generated})


def _result(arn: str) -> ResourceResult:
    return ResourceResult(arn, {"Id": arn})

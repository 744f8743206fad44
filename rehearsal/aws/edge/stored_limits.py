"""What AWS refuses because of what is stored already: the emulator is asked before the call goes on.

- A version of a secret is written once: the same token with the same data does nothing, with other data it is refused.
- How long a parameter may be depends on its tier, and that on the parameter and the account's default.

It must not change what is stored. Sources: API PutSecretValue and UpdateSecret, ClientRequestToken; PutParameter, Tier.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from rehearsal.aws.edge.authorizer import Authorizer
from rehearsal.aws.edge.credentials import Principal, Vault
from rehearsal.aws.edge.limited_calls import json_object
from rehearsal.aws.edge.signature import Signature, SignedRequest
from rehearsal.aws.edge.upstream import Upstream
from rehearsal.aws.limits.checks import STANDARD_PARAMETER_LENGTH, standard_parameter_too_long
from rehearsal.aws.service_api import ApiError

_OK = 200
_JSON = "application/x-amz-json-1.1"
_DEFAULT_TIER = "/ssm/parameter-store/default-parameter-tier"
_STANDARD = "Standard"


class StoredLimits:
    """See the module."""

    def __init__(self, upstream: Upstream, vault: Vault, authorizer: Authorizer) -> None:
        self._upstream = upstream
        self._vault = vault
        self._authorizer = authorizer

    async def answer(self, request: SignedRequest, signature: Signature) -> web.Response | None:
        """The answer of a call that does nothing; None where it has to go on. `ApiError` where AWS refuses it."""
        principal = self._vault.principal(signature.access_key)
        operation = request.headers.get("x-amz-target", "")
        if principal is None:
            return None
        match operation:
            case "secretsmanager.PutSecretValue" | "secretsmanager.UpdateSecret":
                return await self._answer_secret(request, signature, principal)
            case "AmazonSSM.PutParameter":
                await self._refuse_parameter(json_object(request.body), principal, signature.region)
        return None

    async def _answer_secret(
        self, request: SignedRequest, signature: Signature, principal: Principal
    ) -> web.Response | None:
        asked = json_object(request.body)
        secret, token = str(asked.get("SecretId", "")), asked.get("ClientRequestToken")
        account, region = secret.split(":")[4:2:-1] if secret.startswith("arn:") else (None, None)
        place = (str(account or principal.account), str(region or signature.region))
        if place[0] != principal.account:  # the emulator weighs that secret's own policy, and nothing is told before
            return None
        if not token or not any(name in asked for name in ("SecretString", "SecretBinary")):
            return None
        version = {"SecretId": secret, "VersionId": token}
        stored = await self._ask(place, "secretsmanager", "secretsmanager.GetSecretValue", version)
        if stored is None:
            return None
        operation = request.headers["x-amz-target"].replace(".", ":")
        await self._authorizer.check(principal, operation, [str(stored["ARN"])])
        if any(asked.get(name) != stored.get(name) for name in ("SecretString", "SecretBinary")):
            raise ApiError(
                "ResourceExistsException",
                f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret"
                f" {stored['ARN']}.",
            )
        kept = {name: stored[name] for name in ("ARN", "Name", "VersionId", "VersionStages") if name in stored}
        return web.Response(text=json.dumps(kept), content_type=_JSON)

    async def _refuse_parameter(self, asked: Mapping[str, Any], principal: Principal, region: str) -> None:
        if asked.get("Tier") or len(str(asked.get("Value", ""))) <= STANDARD_PARAMETER_LENGTH:
            return
        place = (principal.account, region)
        filters = [{"Key": "Name", "Option": "Equals", "Values": [asked.get("Name")]}]
        found = await self._ask(place, "ssm", "AmazonSSM.DescribeParameters", {"ParameterFilters": filters}) or {}
        tiers = {each.get("Tier") for each in found.get("Parameters", [])}
        setting = await self._ask(place, "ssm", "AmazonSSM.GetServiceSetting", {"SettingId": _DEFAULT_TIER}) or {}
        default = setting.get("ServiceSetting", {}).get("SettingValue", _STANDARD)
        if "Advanced" not in tiers and default == _STANDARD:
            raise standard_parameter_too_long()

    async def _ask(
        self, place: tuple[str, str], service: str, target: str, parameters: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """As the root of the account; None for any refusal."""
        account, region = place
        root = self._vault.principal(account)
        if root is None:
            return None
        headers = {"content-type": _JSON, "x-amz-target": target}
        request = SignedRequest("POST", "/", headers, json.dumps(parameters).encode())
        answer = await self._upstream.send_as(root, request, region=region, service=service)
        return dict(json.loads(answer.body)) if answer.status == _OK else None

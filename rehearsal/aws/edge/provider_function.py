"""What MiniStack needs in an account before a rewritten template can be deployed there: the function that stands for
our resource providers, and a place for templates too large to be sent inline. Both are made on first use.

It must not know templates, nor providers.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import zipfile
from urllib.parse import urlencode

from rehearsal.aws.edge.credentials import Principal, Vault
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.edge.upstream import Answer, Upstream
from rehearsal.aws.lambda_host.function import PROXY_URL_VARIABLE
from rehearsal.errors import EngineError

NAME = "rehearsal-resources"
_CONFLICT = 409
_CONTENT_TYPES = dict.fromkeys(("iam", "sts"), "application/x-www-form-urlencoded")
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_ROLE = {
    "Action": "CreateRole",
    "Version": "2010-05-08",
    "RoleName": NAME,
    "AssumeRolePolicyDocument": json.dumps(_TRUST),
}

_ASSUME_ROLE = {
    "Action": "AssumeRole",
    "Version": "2011-06-15",
    "RoleSessionName": NAME,
    "DurationSeconds": "43200",
}


class ProviderFunction:
    """See the module. `url` is where MiniStack hands the function's invocations to."""

    def __init__(self, upstream: Upstream, vault: Vault, url: str) -> None:
        self._upstream = upstream
        self._vault = vault
        self._url = url
        self._functions: set[tuple[str, str]] = set()
        self._buckets: set[str] = set()
        self._principals: dict[str, Principal] = {}
        self._lock = asyncio.Lock()

    def arn(self, account: str, region: str) -> str:
        return f"arn:aws:lambda:{region}:{account}:function:{NAME}"

    async def ensure(self, account: str, region: str) -> None:
        """The function exists in the account and region."""
        async with self._lock:
            if (account, region) in self._functions:
                return
            await self._send(account, region, "iam", "POST", "/", urlencode(_ROLE).encode())
            await self._send(account, region, "lambda", "POST", "/2015-03-31/functions", self._function(account))
            self._functions.add((account, region))

    @property
    def places(self) -> list[tuple[str, str]]:
        """The accounts and regions where it exists."""
        return sorted(self._functions)

    async def principal(self, account: str, region: str) -> Principal:
        """The function's role: nobody in the account, for it has no permission at all."""
        async with self._lock:
            if account not in self._principals:
                form = {**_ASSUME_ROLE, "RoleArn": _role_arn(account)}
                answer = await self._send(account, region, "sts", "POST", "/", urlencode(form).encode())
                principal = self._vault.learn(answer.body, account=account)
                assert principal is not None, "STS answers with credentials"
                self._principals[account] = principal
            return self._principals[account]

    async def store(self, text: str, account: str, region: str) -> str:
        """Keep a template in S3; its address for CloudFormation."""
        bucket = f"{NAME}-{account}-{region}"
        body = text.encode()
        path = f"/{bucket}/{hashlib.sha256(body).hexdigest()}.json"
        async with self._lock:
            if bucket not in self._buckets:
                await self._send(account, region, "s3", "PUT", f"/{bucket}", _bucket_configuration(region))
                self._buckets.add(bucket)
        await self._send(account, region, "s3", "PUT", path, body)
        return f"https://s3.{region}.amazonaws.com{path}"

    async def _send(self, account: str, region: str, service: str, method: str, path: str, body: bytes) -> Answer:
        root = self._vault.principal(account)
        assert root is not None, f"{account} is no account"
        request = SignedRequest(method, path, {"content-type": _CONTENT_TYPES.get(service, "application/json")}, body)
        answer = await self._upstream.send_as(root, request, region=region, service=service)
        if answer.status >= 300 and answer.status != _CONFLICT:
            raise EngineError(f"{service} {method} {path} in {account}: HTTP {answer.status} {answer.body.decode()}")
        return answer

    def _function(self, account: str) -> bytes:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.py", "")
        configuration = {
            "FunctionName": NAME,
            "Description": "Stands for the resource types that the local run brings itself.",
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": _role_arn(account),
            "Timeout": 60,
            "Environment": {"Variables": {PROXY_URL_VARIABLE: self._url}},
            "Code": {"ZipFile": base64.b64encode(code.getvalue()).decode()},
        }
        return json.dumps(configuration).encode()


def _role_arn(account: str) -> str:
    return f"arn:aws:iam::{account}:role/{NAME}"


def _bucket_configuration(region: str) -> bytes:
    if region == "us-east-1":
        return b""
    constraint = f"<LocationConstraint>{region}</LocationConstraint>"
    return f"<CreateBucketConfiguration>{constraint}</CreateBucketConfiguration>".encode()

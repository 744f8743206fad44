"""A local AWS for the tests of the Lambda host: MiniStack with IAM, one account, and the host behind it."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from pipeline.local.cloud.lambda_host.host import LambdaHost

ACCOUNT = "222222222222"
REGION = "eu-west-1"
FROM_LAMBDA = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip


class LocalSession(boto3.Session):
    """A session whose clients talk to the local AWS."""

    endpoint_url = ""

    def client(self, service: str, **options: Any) -> Any:  # type: ignore[override]
        return super().client(service, endpoint_url=self.endpoint_url, **options)  # type: ignore[call-overload]


class LocalClients:
    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    def root(self, account: str, region: str) -> boto3.Session:
        return self._session(account, "root", None, region)

    def assume(self, role_arn: str, *, session_name: str, region: str) -> boto3.Session:
        sts = self.root(role_arn.split(":")[4], region).client("sts")
        keys = sts.assume_role(RoleArn=role_arn, RoleSessionName=f"test-{session_name}")["Credentials"]
        return self._session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region)

    def _session(self, key: str, secret: str, token: str | None, region: str) -> boto3.Session:
        session = LocalSession(
            aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token, region_name=region
        )
        session.endpoint_url = self._endpoint_url
        return session

    def child_environment(self, session: boto3.Session, region: str) -> Mapping[str, str]:
        credentials = session.get_credentials()
        assert credentials is not None
        frozen = credentials.get_frozen_credentials()
        return {
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_ACCESS_KEY_ID": str(frozen.access_key),
            "AWS_SECRET_ACCESS_KEY": str(frozen.secret_key),
            "AWS_SESSION_TOKEN": str(frozen.token),
            "AWS_REGION": region,
            "PATH": os.environ["PATH"],
        }


@dataclass(frozen=True)
class Sample:
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    value: float


@dataclass
class RecordingSink:
    """Keeps what is put, as CloudWatch would."""

    samples: list[Sample] = field(default_factory=list)
    emf_lines: list[str] = field(default_factory=list)

    def put_metric(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        *,
        unit: str | None = None,
        at: float | None = None,
    ) -> None:
        self.samples.append(Sample(namespace, name, dict(dimensions), value))

    def put_emf(self, account: str, region: str, line: str) -> None:
        self.emf_lines.append(line)

    def sum(self, name: str, **dimensions: str) -> float | None:
        """The sum of a metric's samples with exactly these dimensions; None when there is no sample."""
        found = [sample.value for sample in self.samples if sample.name == name and sample.dimensions == dimensions]
        return sum(found) if found else None


def zip_of(files: Mapping[str, str]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return archive.getvalue()


class LocalAws:
    def __init__(self, endpoint_url: str, host: LambdaHost, host_url: str, sink: RecordingSink, home: Path) -> None:
        self.endpoint_url = endpoint_url
        self.host = host
        self.sink = sink
        self.home = home
        self._host_url = host_url
        self._session = LocalClients(endpoint_url).root(ACCOUNT, REGION)

    def client(self, service: str) -> Any:
        return self._session.client(service)

    def role(self, name: str, *statements: Mapping[str, Any]) -> str:
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(FROM_LAMBDA))["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
        return str(arn)

    def function(
        self,
        name: str,
        code: str,
        *,
        role: str | None = None,
        variables: Mapping[str, str] | None = None,
        **options: Any,
    ) -> str:
        """A function with the code in handler.py; its ARN."""
        environment = {"MINISTACK_LAMBDA_PROXY_URL": self._host_url, **(variables or {})}
        created = self.client("lambda").create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.13",
                "Handler": "handler.handle",
                "Role": role or self.role(f"{name}-role"),
                "Code": {"ZipFile": zip_of({"handler.py": code})},
                "Environment": {"Variables": environment},
                "Timeout": 10,
                **options,
            }
        )
        self.client("lambda").get_waiter("function_active_v2").wait(FunctionName=name)
        return str(created["FunctionArn"])

    def publish(self, name: str, code: str | None = None) -> str:
        """A new version, of new code when some is given, kept by the host as the alias provider does."""
        client = self.client("lambda")
        if code is not None:
            client.update_function_code(FunctionName=name, ZipFile=zip_of({"handler.py": code}))
            client.get_waiter("function_updated_v2").wait(FunctionName=name)
        return str(client.publish_version(FunctionName=name)["Version"])

    def rest_api(self, name: str, function_arn: str) -> str:
        """A REST API whose every GET on / goes to the function or alias; the URL of its stage `prod`."""
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name=name)["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        method = {"restApiId": api, "resourceId": root, "httpMethod": "ANY"}
        gateway.put_method(**method, authorizationType="AWS_IAM")
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
        gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        gateway.create_deployment(restApiId=api, stageName="prod")
        self.client("lambda").add_permission(
            FunctionName=function_arn,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
        return f"{self.endpoint_url}/_aws/execute-api/{api}/prod/"

    def get(self, url: str, http: requests.Session | None = None) -> requests.Response:
        """A signed GET."""
        signed = AWSRequest("GET", url)
        SigV4Auth(self._session.get_credentials(), "execute-api", REGION).add_auth(signed)
        return (http or requests).get(url, headers=dict(signed.headers), timeout=30)


def eventually(predicate: Any, *, seconds: float = 10.0) -> Any:
    """The first true answer of the predicate."""
    deadline = time.monotonic() + seconds
    while not (answer := predicate()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return answer

"""A local AWS for the tests of the Lambda host: MiniStack with IAM, one account, and the host behind it."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.lambda_host.host import LambdaHost
from rehearsal.machine.clock import Clock

ACCOUNT = "222222222222"
REGION = "eu-west-1"
FROM_LAMBDA = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip


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
    def __init__(
        self,
        clients: AwsClients,
        endpoint_url: str,
        host: LambdaHost,
        host_url: str,
        sink: RecordingSink,
        clock: Clock,
        home: Path,
    ) -> None:
        self.clients = clients
        self.endpoint_url = endpoint_url
        self.host = host
        self.sink = sink
        self.clock = clock
        self.home = home
        self.host_url = host_url
        self._session = clients.root(ACCOUNT, REGION)

    def client(self, service: Any) -> Any:
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
        code: str | Mapping[str, str],
        *,
        role: str | None = None,
        variables: Mapping[str, str] | None = None,
        **options: Any,
    ) -> str:
        """A function with the code in handler.py, or of the files; its ARN.

        The emulator runs it at once, though it calls it Pending.
        """
        environment = {"MINISTACK_LAMBDA_PROXY_URL": self.host_url, **(variables or {})}
        created = self.client("lambda").create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.13",
                "Handler": "handler.handle",
                "Role": role or self.role(f"{name}-role"),
                "Code": {"ZipFile": zip_of({"handler.py": code} if isinstance(code, str) else code)},
                "Environment": {"Variables": environment},
                "Timeout": 10,
                **options,
            }
        )
        return str(created["FunctionArn"])

    def publish(self, name: str, code: str | None = None) -> str:
        """A new version, of new code when some is given, kept by the host as the alias provider does."""
        client = self.client("lambda")
        if code is not None:
            client.update_function_code(FunctionName=name, ZipFile=zip_of({"handler.py": code}))
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
        credentials = self._session.get_credentials()
        assert credentials is not None
        SigV4Auth(credentials, "execute-api", REGION).add_auth(signed)
        headers = {name: str(value) for name, value in signed.headers.items()}
        return (http or requests.Session()).get(url, headers=headers, timeout=30)


def eventually(predicate: Any, *, seconds: float = 10.0) -> Any:
    """The first true answer of the predicate."""
    deadline = time.monotonic() + seconds
    while not (answer := predicate()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return answer

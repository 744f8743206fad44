"""The edge in front of a real MiniStack, with nothing else of the local cloud; the providers and APIs are fakes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.denials import Denials
from rehearsal.aws.edge.edge import Edge
from rehearsal.aws.ministack import MiniStack, listen
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, ResourceUnsupported
from rehearsal.aws.service_api import ApiError, Caller
from rehearsal.machine.guardian import Guardian
from rehearsal.machine.loop_thread import LoopThread

REGION = "eu-west-1"
ACCOUNT = "111111111111"
OTHER_ACCOUNT = "222222222222"
ROOT_SECRET = "the-secret-of-every-root"


class FakeProvider:
    """Remembers what it was asked for. A resource whose `Fail` property is "true" fails, one that says
    "unsupported" cannot be made here, "broken" meets a bug; `gate` holds updates back."""

    resource_types = frozenset({"AWS::CodeDeploy::Application", "AWS::Lambda::Alias"})

    def __init__(self) -> None:
        self.requests: list[tuple[str, ResourceRequest]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.waiting: set[str] = set()

    def create(self, request: ResourceRequest) -> ResourceResult:
        self.requests.append(("create", request))
        return self._result(request)

    def update(self, request: ResourceRequest) -> ResourceResult:
        self.requests.append(("update", request))
        self.waiting.add(request.stack_name)
        assert self.gate.wait(30), "nobody opened the gate"
        return self._result(request)

    def delete(self, request: ResourceRequest) -> None:
        self.requests.append(("delete", request))

    def of_stack(self, name: str) -> list[tuple[str, ResourceRequest]]:
        return [(verb, request) for verb, request in self.requests if request.stack_name == name]

    def _result(self, request: ResourceRequest) -> ResourceResult:
        if request.properties.get("Fail") == "true":
            raise ResourceFailed("Deployment d-1 failed: the alarm errors is in ALARM")
        if request.properties.get("Fail") == "unsupported":
            raise ResourceUnsupported(f"{request.logical_id}: blue applications are not supported locally.")
        if request.properties.get("Fail") == "broken":
            raise RuntimeError("a bug of ours")
        name = str(request.properties.get("Name", f"{request.stack_name}-{request.logical_id}"))
        return ResourceResult(name, {"Arn": f"arn:of:{name}"})


class FakeApi:
    """CodeDeploy with one deployment, of the group `cars/live`."""

    service = "codedeploy"
    operations = frozenset({"PutLifecycleEventHookExecutionStatus", "GetDeployment", "ListApplications"})

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, Any], Caller]] = []

    def resources(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> Sequence[str]:
        group = f"arn:aws:codedeploy:{caller.region}:{caller.account}:deploymentgroup:cars/live"
        return [] if operation == "ListApplications" else [group]

    def call(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        self.calls.append((operation, parameters, caller))
        if operation == "ListApplications":
            raise RuntimeError("a bug of ours")
        if parameters.get("deploymentId") == "d-unknown":
            raise ApiError("DeploymentDoesNotExistException", "The deployment d-unknown does not exist.")
        return {"lifecycleEventHookExecutionId": parameters.get("lifecycleEventHookExecutionId")}


class BareCloud:
    def __init__(self, edge: Edge, ministack: MiniStack, denials: Denials) -> None:
        self.edge = edge
        self.denials = denials
        self.ministack = ministack
        self.clients = AwsClients(edge.url, ROOT_SECRET)
        self.provider = FakeProvider()
        self.api = FakeApi()

    def client(self, service: str, account: str = ACCOUNT) -> Any:
        return self.clients.root(account, REGION).client(service)  # type: ignore[call-overload]

    def role(self, name: str, *statements: Mapping[str, Any]) -> str:
        """Makes a role that CodeBuild may assume, with these policy statements; its ARN."""
        principal = {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}
        iam = self.client("iam")
        trust = json.dumps({"Version": "2012-10-17", "Statement": [principal]})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=policy)
        return str(arn)

    def client_of_role(self, service: str, role_arn: str) -> Any:
        session = self.clients.assume(role_arn, session_name="test", region=REGION)
        return session.client(service)  # type: ignore[call-overload]


@contextmanager
def bare_cloud(home: Path) -> Iterator[BareCloud]:
    with Guardian() as guardian, LoopThread() as loop:
        listener = listen()
        port = listener.getsockname()[1]
        ministack = MiniStack(guardian, home, root_secret=ROOT_SECRET, edge_port=port, variables={})
        denials = Denials()
        edge = Edge(listener, ministack.socket, ROOT_SECRET, denials)
        ministack.start()
        loop.run(edge.start())
        try:
            cloud = BareCloud(edge, ministack, denials)
            edge.register(cloud.provider)
            edge.register_api(cloud.api)
            yield cloud
        finally:
            loop.run(edge.stop())

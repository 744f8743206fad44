from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from rehearsal.codebuild.buildspec import Buildspec
from rehearsal.codebuild.project import Project, Variable, VariableType
from rehearsal.codebuild.variables import mask, resolve_variables
from rehearsal.errors import ActionFailed

ROLE = "arn:aws:iam::111111111111:role/project"
ARN = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf"
VERSION = "EXAMPLE1-90ab-cdef-fedc-ba987SECRET"


class Stores:
    """A session whose ssm and secretsmanager clients answer as the stubs were told."""

    def __init__(self) -> None:
        session: Any = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-1")
        self.clients: dict[str, Any] = {name: session.client(name) for name in ("iam", "secretsmanager", "ssm")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, name: str) -> Any:
        return self.clients[name]

    @property
    def region_name(self) -> str:
        return "eu-west-1"

    def decides(self, decision: str, name: str) -> None:
        result = {"EvalActionName": "ssm:GetParameters", "EvalDecision": decision}
        request = {
            "PolicySourceArn": ROLE,
            "ActionNames": ["ssm:GetParameters"],
            "ResourceArns": [f"arn:aws:ssm:eu-west-1:111111111111:parameter{name}"],
        }
        self.stubs["iam"].add_response("simulate_principal_policy", {"EvaluationResults": [result]}, request)

    def has_parameter(self, name: str, value: str) -> None:
        self.decides("allowed", name)
        answer = {"Parameter": {"Name": name, "Value": value}}
        self.stubs["ssm"].add_response("get_parameter", answer, {"Name": name, "WithDecryption": True})

    def has_secret(self, text: str, **request: str) -> None:
        self.stubs["secretsmanager"].add_response("get_secret_value", {"SecretString": text}, request)

    @property
    def sessions(self) -> dict[str, boto3.Session]:
        """Of the role and of the account's root."""
        return dict.fromkeys(("session", "root"), cast("boto3.Session", self))


@pytest.fixture
def stores() -> Iterator[Stores]:
    stores = Stores()
    yield stores
    for stub in stores.stubs.values():
        stub.assert_no_pending_responses()
    for client in stores.clients.values():
        client.close()


def project(*variables: Variable) -> Project:
    return Project(
        name="build",
        buildspec="",
        service_role=ROLE,
        variables=variables,
        image="",
        timeout_minutes=60,
        encryption_key="",
    )


def test_resolve_variables_prefers_the_start_of_the_build_to_the_project_to_the_buildspec(stores: Stores) -> None:
    buildspec = Buildspec(version="0.2", variables={"A": "spec", "B": "spec", "C": "spec"})

    resolved = resolve_variables(
        buildspec,
        project(Variable("B", "project"), Variable("C", "project")),
        [Variable("C", "start")],
        **stores.sessions,
    )

    assert resolved.values == {"A": "spec", "B": "project", "C": "start"}
    assert resolved.secrets == frozenset()


def test_resolve_variables_looks_up_parameters_and_secrets_and_tells_which_they_are(stores: Stores) -> None:
    stores.has_parameter("/overridden", "p")
    stores.has_parameter("/token", "t0ken")
    stores.has_secret("plain text", SecretId="whole")
    buildspec = Buildspec(
        version="0.2", parameter_store={"TOKEN": "/token"}, secrets_manager={"WHOLE": "whole"}, variables={"P": "x"}
    )

    resolved = resolve_variables(
        buildspec,
        project(Variable("P", "/overridden", VariableType.PARAMETER_STORE)),
        [],
        **stores.sessions,
    )

    assert resolved.values == {"TOKEN": "t0ken", "WHOLE": "plain text", "P": "p"}
    assert resolved.secrets == {"TOKEN", "WHOLE", "P"}


@pytest.mark.parametrize(
    ("reference", "request_"),
    [
        ("db:password", {"SecretId": "db"}),
        ("db:password:AWSPREVIOUS", {"SecretId": "db", "VersionStage": "AWSPREVIOUS"}),
        (f"db:password::{VERSION}", {"SecretId": "db", "VersionId": VERSION}),
        (f"{ARN}:password", {"SecretId": ARN}),
        (f"{ARN}:password:AWSCURRENT", {"SecretId": ARN, "VersionStage": "AWSCURRENT"}),
    ],
)
def test_resolve_variables_reads_every_form_of_a_secret_reference(
    stores: Stores, reference: str, request_: dict[str, str]
) -> None:
    stores.has_secret(json.dumps({"password": "hunter2"}), **request_)
    buildspec = Buildspec(version="0.2", secrets_manager={"PASSWORD": reference})

    assert resolve_variables(buildspec, project(), [], **stores.sessions).values == {"PASSWORD": "hunter2"}


def test_resolve_variables_fails_when_the_role_may_not_read(stores: Stores) -> None:
    stores.decides("implicitDeny", "/token")
    buildspec = Buildspec(version="0.2", parameter_store={"TOKEN": "/token"})

    with pytest.raises(
        ActionFailed, match=r"TOKEN .PARAMETER_STORE /token. could not be read.*not authorized to perform"
    ):
        resolve_variables(buildspec, project(), [], **stores.sessions)


def test_resolve_variables_fails_when_the_secret_has_no_such_key(stores: Stores) -> None:
    stores.has_secret('{"user": "ada"}', SecretId="db")
    buildspec = Buildspec(version="0.2", secrets_manager={"PASSWORD": "db:password"})

    with pytest.raises(ActionFailed, match="key password of the secret db"):
        resolve_variables(buildspec, project(), [], **stores.sessions)


@pytest.mark.parametrize(
    ("line", "secrets", "expected"),
    [
        ("token=t0ken!", ["t0ken"], "token=***!"),
        ("t0ken-long t0ken", ["t0ken", "t0ken-long"], "*** ***"),
        ("key: -----BEGIN KEY-----", ["-----BEGIN KEY-----\nabc\n}"], "key: ***"),
        ("a } stays", ["-----BEGIN KEY-----\nabc\n}"], "a } stays"),
        ("nothing", [""], "nothing"),
    ],
)
def test_mask_hides_secrets(line: str, secrets: list[str], expected: str) -> None:
    assert mask(line, secrets) == expected

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.aws.edge.apis import Apis
from rehearsal.aws.edge.authorizer import Authorizer
from rehearsal.aws.edge.credentials import Vault
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, ROOT_SECRET, BareCloud, FakeApi

HOOK_ACTION = "codedeploy:PutLifecycleEventHookExecutionStatus"
GROUP = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:deploymentgroup:cars/live"


def report(codedeploy: Any) -> Any:
    return codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId="d-1", lifecycleEventHookExecutionId="hook-1", status="Succeeded"
    )


def allow(action: str, resource: str) -> dict[str, str]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_call_reaches_the_api_when_the_role_is_allowed_on_the_resource(cloud: BareCloud) -> None:
    codedeploy = cloud.client_of_role("codedeploy", cloud.role("hook", allow(HOOK_ACTION, GROUP)))

    assert report(codedeploy)["lifecycleEventHookExecutionId"] == "hook-1"

    operation, parameters, caller = cloud.api.calls[-1]
    assert operation == "PutLifecycleEventHookExecutionStatus"
    assert parameters["status"] == "Succeeded"
    assert (caller.account, caller.region) == (ACCOUNT, REGION)
    assert caller.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/hook/test"


@pytest.mark.parametrize(
    ("name", "statements", "because"),
    [
        ("no-policy", [], "no identity-based policy allows"),
        ("other-action", [allow("codedeploy:GetDeployment", "*")], "no identity-based policy allows"),
        ("other-group", [allow(HOOK_ACTION, GROUP + "-other")], "no identity-based policy allows"),
        (
            "denied",
            [allow("codedeploy:*", "*"), {**allow(HOOK_ACTION, "*"), "Effect": "Deny"}],
            "explicit deny in an identity-based policy",
        ),
    ],
)
def test_call_is_denied_in_the_words_of_aws(
    cloud: BareCloud, name: str, statements: list[dict[str, str]], because: str
) -> None:
    codedeploy = cloud.client_of_role("codedeploy", cloud.role(name, *statements))

    with pytest.raises(ClientError) as refused:
        report(codedeploy)

    error = refused.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert (
        f"assumed-role/{name}/test is not authorized to perform: {HOOK_ACTION} on resource: {GROUP}" in error["Message"]
    )
    assert because in error["Message"]


def test_root_may_call_everything(cloud: BareCloud) -> None:
    assert report(cloud.client("codedeploy"))["lifecycleEventHookExecutionId"] == "hook-1"


@pytest.mark.parametrize(
    ("secret", "code"), [("wrong", "SignatureDoesNotMatch"), (ROOT_SECRET, None)], ids=["wrong secret", "right secret"]
)
def test_call_with_a_wrong_signature_is_refused(cloud: BareCloud, secret: str, code: str | None) -> None:
    codedeploy = boto3.client(
        "codedeploy",
        endpoint_url=cloud.edge.url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=secret,
    )
    refusals = []

    try:
        report(codedeploy)
    except ClientError as exc:
        refusals.append(exc.response["Error"]["Code"])

    assert refusals == ([code] if code else [])


def test_call_with_an_unknown_key_never_reaches_the_api(cloud: BareCloud) -> None:
    before = len(cloud.api.calls)
    codedeploy = boto3.client(
        "codedeploy",
        endpoint_url=cloud.edge.url,
        region_name=REGION,
        aws_access_key_id="AKIAUNKNOWN",
        aws_secret_access_key="x",
    )

    with pytest.raises(ClientError):
        report(codedeploy)

    assert len(cloud.api.calls) == before


def test_call_with_another_sessions_token_is_refused(cloud: BareCloud) -> None:
    role = cloud.role("token", allow("codedeploy:*", "*"))
    frozen = cast(Any, cloud.clients.assume(role, session_name="test", region=REGION).get_credentials())
    codedeploy = boto3.client(
        "codedeploy",
        endpoint_url=cloud.edge.url,
        region_name=REGION,
        aws_access_key_id=frozen.access_key,
        aws_secret_access_key=frozen.secret_key,
        aws_session_token="another",
    )

    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        report(codedeploy)


def test_error_of_the_api_keeps_its_code(cloud: BareCloud) -> None:
    codedeploy = cloud.client("codedeploy")

    with pytest.raises(codedeploy.exceptions.DeploymentDoesNotExistException, match="d-unknown"):
        codedeploy.get_deployment(deploymentId="d-unknown")


def test_bug_of_ours_is_said_to_be_one(cloud: BareCloud) -> None:
    with pytest.raises(ClientError, match=r"InternalFailure.*local run is broken.*a bug of ours"):
        impatient(cloud).list_applications()


def test_operation_that_nobody_registered_goes_to_the_emulator(cloud: BareCloud) -> None:
    before = len(cloud.api.calls)

    with pytest.raises(ClientError):
        impatient(cloud).list_on_premises_instances()

    assert len(cloud.api.calls) == before


def test_register_names_an_operation_that_aws_does_not_have() -> None:
    class Misspelt(FakeApi):
        operations = frozenset({"GetDeployments"})

    with pytest.raises(ValueError, match="codedeploy has no operation GetDeployments"):
        unused_apis().register(Misspelt())


def test_register_names_an_operation_that_is_served_twice() -> None:
    apis = unused_apis()
    apis.register(FakeApi())

    with pytest.raises(ValueError, match=r"GetDeployment, ListApplications, Put.* is served already"):
        apis.register(FakeApi())


def impatient(cloud: BareCloud) -> Any:
    """A client that does not try again, later and later, what the local AWS refuses as its own error."""
    session: Any = cloud.clients.root(ACCOUNT, REGION)
    return session.client("codedeploy", config=Config(retries={"total_max_attempts": 1}))


def unused_apis() -> Apis:
    return Apis(Vault(ROOT_SECRET), cast(Authorizer, None), ThreadPoolExecutor(1))

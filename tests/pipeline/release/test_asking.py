"""Where AWS does not answer, one sentence says what to do, and holds no secret."""

from __future__ import annotations

from pathlib import Path

import boto3
import botocore.exceptions
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from pipeline.release import cli
from pipeline.release.asking import Clients, connect, told
from pipeline.release.errors import CannotAsk, Refused


def client_error(code: str, message: str = "Because.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetPipelineState")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (client_error("ExpiredTokenException"), "Your credentials have expired. Sign in"),
        (client_error("RequestExpired"), "Your credentials have expired. Sign in"),
        (client_error("UnrecognizedClientException"), "AWS does not know these credentials"),
        (client_error("AccessDeniedException", "No policy allows it."), "You may not do this: No policy allows it."),
        (client_error("PipelineNotFoundException"), "There is no pipeline cars"),
        (client_error("StageNotFoundException", "No stage Prod."), "No stage Prod. `status`"),
        (client_error("ThrottlingException"), "Try again in a minute"),
        (client_error("InternalFailure"), "CodePipeline answers InternalFailure: Because."),
        (botocore.exceptions.NoCredentialsError(), "There are no credentials. Sign in"),
        (
            botocore.exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "The credentials are not whole",
        ),
        (botocore.exceptions.UnauthorizedSSOTokenError(), "Your sign-in has ended"),
        (
            botocore.exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            "AWS does not answer",
        ),
        (botocore.exceptions.ParamValidationError(report="too long"), "This cannot be asked of CodePipeline"),
    ],
)
def test_what_cannot_be_asked_is_said_with_what_to_do(error: Exception, words: str) -> None:
    with pytest.raises(CannotAsk) as caught, told("cars"):
        raise error

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InvalidApprovalTokenException", "not open any more"),
        ("ApprovalAlreadyCompletedException", "Somebody else has answered"),
        ("UnableToRollbackStageException", "does not roll the stage back: Because."),
    ],
)
def test_what_codepipeline_will_not_do_is_refused(code: str, words: str) -> None:
    with pytest.raises(Refused) as caught, told("cars"):
        raise client_error(code)

    assert words in str(caught.value)


def test_our_own_mistakes_are_not_taken_for_awss() -> None:
    with pytest.raises(KeyError), told("cars"):
        raise KeyError("name")


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A person who has neither a configuration nor credentials, on a machine that has none for them."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--profile", "nobody"], "nobody) could not be found. `aws configure list-profiles`"),
        ([], "No region is known. Give --region"),
        (["--region", "eu-west-1"], "There are no credentials. Sign in"),
        (["--region", "eu-west-1", "--endpoint", "nowhere"], "--endpoint has to look like http://"),
    ],
)
def test_person_without_profile_region_or_credentials_is_told(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("nobody")
def test_endpoint_and_region_are_those_that_were_given() -> None:
    clients = connect(profile=None, region="eu-west-1", endpoint="http://127.0.0.1:4566")

    for client, region in ((clients.codepipeline, "eu-west-1"), (clients.s3("us-east-1"), "us-east-1")):
        assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:4566", region)


def test_secret_is_in_no_message(capsys: pytest.CaptureFixture[str]) -> None:
    client = boto3.client(
        "codepipeline", region_name="eu-west-1", aws_access_key_id="AKIATESTING", aws_secret_access_key="very-secret"
    )
    with Stubber(client) as stubber:
        stubber.add_client_error("get_pipeline_state", "InvalidSignatureException", "The signature does not match.")
        code = cli.main(
            ["status"],
            connect=lambda **_: Clients(
                codepipeline=client,
                s3=lambda _: pytest.fail("no evidence is asked for"),
                stage=lambda _: pytest.fail("no stage is asked"),
            ),
        )

    assert code == 2
    assert "very-secret" not in capsys.readouterr().err

"""Asks AWS as the person at the terminal, and says in one sentence what they can do where AWS does not answer.

It must not look for credentials: boto3 finds them as the AWS CLI does. Nothing it says holds one.
Sources: boto3 guide, "Credentials"; CodePipeline API reference, "Common Errors" and each operation's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import botocore.exceptions
from botocore.exceptions import ClientError

from pipeline.release.errors import CannotAsk, Refused
from pipeline.shifts.reader import StageClients

if TYPE_CHECKING:
    from mypy_boto3_codepipeline import CodePipelineClient
    from mypy_boto3_s3 import S3Client

_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_UNKNOWN_CREDENTIALS = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
)
_DENIED = ("AccessDenied", "AccessDeniedException")
_THROTTLED = ("Throttling", "ThrottlingException", "TooManyRequestsException")
_GONE = {
    "InvalidApprovalTokenException": "The question that was shown is not open any more: it was answered, or has "
    "timed out. Look at `status` and begin again.",
    "ApprovalAlreadyCompletedException": "Somebody else has answered meanwhile. `status` shows what became of it.",
    "UnableToRollbackStageException": "CodePipeline does not roll the stage back: {message}",
    "ConflictException": "CodePipeline is changing the pipeline at this moment: {message} Try again.",
}
_SIGN_IN = "Sign in to the toolchain account (`aws sso login`, or --profile NAME)"


@dataclass(frozen=True, kw_only=True)
class Clients:
    """`s3` answers the client of a region: the evidence's bucket is where its link says, not where the profile is.

    `stage` answers the clients of another profile: a stage is in an account of its own.
    """

    codepipeline: CodePipelineClient
    s3: Callable[[str], S3Client]
    stage: Callable[[str], StageClients]


def connect(*, profile: str | None, region: str | None, endpoint: str | None) -> Clients:
    """Raises CannotAsk when there is no such profile, or no region is known."""
    try:
        with told():
            session = boto3.Session(profile_name=profile, region_name=region)
            return Clients(
                codepipeline=session.client("codepipeline", endpoint_url=endpoint),
                s3=lambda where: session.client("s3", region_name=where, endpoint_url=endpoint),
                stage=lambda name: _of_stage(boto3.Session(profile_name=name), endpoint),
            )
    except ValueError as error:
        raise CannotAsk(f"{error}. --endpoint has to look like http://127.0.0.1:4566.") from error


def _of_stage(session: boto3.Session, endpoint: str | None) -> StageClients:
    return StageClients(
        cloudformation=session.client("cloudformation", endpoint_url=endpoint),
        codedeploy=session.client("codedeploy", endpoint_url=endpoint),
        cloudwatch=session.client("cloudwatch", endpoint_url=endpoint),
    )


@contextlib.contextmanager
def told(pipeline: str = "") -> Iterator[None]:
    """Whatever AWS or boto3 raises inside becomes Refused, or CannotAsk, with what to do."""
    try:
        yield
    except ClientError as error:
        raise _of_client_error(error, pipeline) from error
    except botocore.exceptions.ProfileNotFound as error:
        raise CannotAsk(f"{error}. `aws configure list-profiles` shows those that there are.") from error
    except botocore.exceptions.NoRegionError as error:
        raise CannotAsk("No region is known. Give --region REGION, or a profile that has one.") from error
    except (botocore.exceptions.SSOError, botocore.exceptions.TokenRetrievalError) as error:
        raise CannotAsk(f"Your sign-in has ended. {_SIGN_IN} and try again.") from error
    except (botocore.exceptions.NoCredentialsError, botocore.exceptions.CredentialRetrievalError) as error:
        raise CannotAsk(f"There are no credentials. {_SIGN_IN}.") from error
    except botocore.exceptions.PartialCredentialsError as error:
        raise CannotAsk(f"The credentials are not whole: {error}. {_SIGN_IN}.") from error
    except (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError) as error:
        raise CannotAsk(f"AWS does not answer: {error} Is the region right, and --endpoint, if given?") from error
    except botocore.exceptions.BotoCoreError as error:
        raise CannotAsk(f"This cannot be asked of CodePipeline: {error}") from error


def _of_client_error(error: ClientError, pipeline: str) -> Refused | CannotAsk:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code in _GONE:
        return Refused(_GONE[code].format(message=message))
    if code in ("PipelineNotFoundException", "PipelineNotFound"):
        return CannotAsk(
            f"There is no pipeline {pipeline} in this account and region. `aws codepipeline list-pipelines` shows "
            "those that there are; give --pipeline, --region or --profile."
        )
    if code in ("PipelineExecutionNotFoundException", "StageNotFoundException"):
        return CannotAsk(f"{message} `status` and `history` show those that there are.")
    if code in _EXPIRED:
        return CannotAsk(f"Your credentials have expired. {_SIGN_IN} and try again.")
    if code in _UNKNOWN_CREDENTIALS:
        return CannotAsk(f"AWS does not know these credentials. {_SIGN_IN} and try again.")
    if code in _DENIED:
        return CannotAsk(f"You may not do this: {message} What a release manager needs is in docs/runbook/pipeline.md.")
    if code in _THROTTLED:
        return CannotAsk("CodePipeline is asked too often at this moment. Try again in a minute.")
    return CannotAsk(f"CodePipeline answers {code}: {message}")

"""Clients of AWS's services for the functions, made and called as cheaply as botocore can (docs/performance.md).

botocore and not boto3, whose import adds S3's transfer manager to every cold start; and a user agent that is put
together once, for botocore does it anew in each call, which takes a tenth of the call's processor time.
It must not know what the clients are for, nor keep them: who makes one does.
"""

from __future__ import annotations

import functools
import os
import platform
from typing import TYPE_CHECKING, Any, Literal, overload

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CONFLICT_ATTEMPTS = 6
FIRST_CONFLICT_DELAY_SECONDS = 0.025


@functools.cache
def session() -> Session:
    """One for all clients: each would read credentials and descriptions anew."""
    return botocore.session.get_session()


def user_agent() -> str:
    """What AWS's logs name the caller by: the SDK, Python and where it runs."""
    where = os.environ.get("AWS_EXECUTION_ENV", platform.system())
    return f"Botocore/{botocore.__version__} Python/{platform.python_version()} {where}"


@overload
def client(name: Literal["cloudformation"], *, config: Config | None = None) -> CloudFormationClient: ...
@overload
def client(name: Literal["cloudwatch"], *, config: Config | None = None) -> CloudWatchClient: ...
@overload
def client(name: Literal["codedeploy"], *, config: Config | None = None) -> CodeDeployClient: ...
@overload
def client(name: Literal["dynamodb"], *, config: Config | None = None) -> DynamoDBClient: ...
@overload
def client(name: Literal["events"], *, config: Config | None = None) -> EventBridgeClient: ...
@overload
def client(name: Literal["kinesis"], *, config: Config | None = None) -> KinesisClient: ...
@overload
def client(name: Literal["lambda"], *, config: Config | None = None) -> LambdaClient: ...
@overload
def client(name: Literal["secretsmanager"], *, config: Config | None = None) -> SecretsManagerClient: ...
@overload
def client(name: Literal["sns"], *, config: Config | None = None) -> SNSClient: ...
@overload
def client(name: Literal["sqs"], *, config: Config | None = None) -> SQSClient: ...
def client(name: str, *, config: Config | None = None) -> Any:
    """A new client of the service, as `boto3.client` makes it; `config` comes over what is set here.

    A service that is new here has to be named in AWS_SERVICES (service/packaging/bundling.py), too.
    """
    ours = Config(user_agent=user_agent())
    made = session().create_client(name, config=ours if config is None else ours.merge(config))
    if name == "dynamodb":
        made.meta.events.register("needs-retry.dynamodb", _conflict_delay)  # type: ignore[arg-type]
    return made


def _conflict_delay(*, response: tuple[Any, dict[str, Any]] | None, attempts: int, **_: object) -> float | None:
    """Seconds until a write is tried again that met a transaction on its item; None for all else.

    Such a write has changed nothing, and the transaction is over in milliseconds; botocore tries it no second time
    (TransactionConflictException, PutItem, UpdateItem and DeleteItem). `attempts` counts from 1.
    """
    code = None if response is None else response[1].get("Error", {}).get("Code")
    if code != "TransactionConflictException" or attempts >= CONFLICT_ATTEMPTS:
        return None
    return FIRST_CONFLICT_DELAY_SECONDS * float(2 ** (attempts - 1))

"""The stages in other accounts: where each is, and clients for what may be read there, by the stage's own role.

What is asked gives up soon: a message does not wait for an account that does not answer. It must not be asked for
anything but to read. Source: STS API reference, AssumeRole.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config

from pipeline.shifts.reader import StageClients

SESSION = "release-monitor"
_IMPATIENT = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})


@dataclass(frozen=True, kw_only=True)
class StagePlace:
    role_arn: str
    region: str


def parse_stages(text: str) -> dict[str, StagePlace]:
    """`{"Prod": {"role_arn": …, "region": …}}`, as the infrastructure writes it."""
    return {name: StagePlace(**place) for name, place in json.loads(text).items()}


def connect_to(place: StagePlace) -> StageClients:
    """Raises botocore's ClientError and BotoCoreError."""
    session = botocore.session.get_session()
    sts: Any = session.create_client("sts", config=_IMPATIENT)
    given = sts.assume_role(RoleArn=place.role_arn, RoleSessionName=SESSION)["Credentials"]

    def client(service: str) -> Any:
        return session.create_client(
            service,
            region_name=place.region,
            config=_IMPATIENT,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    return StageClients(
        cloudformation=client("cloudformation"), codedeploy=client("codedeploy"), cloudwatch=client("cloudwatch")
    )

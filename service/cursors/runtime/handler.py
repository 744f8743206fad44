"""Rotates the key that signs cursors, in the four steps of Secrets Manager ("Lambda rotation functions").

    createSecret  a version AWSPENDING: a new key, and the current one as the previous
    setSecret     nothing: no other system holds the key
    testSecret    what is pending can be read, and still knows the key that is in use
    finishSecret  what is pending becomes AWSCURRENT

Each step may come again, after any other of the same rotation: then it changes nothing. No key must be logged.
"""

from __future__ import annotations

import functools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars import aws
from service.cars.cursor_keys import CursorKey, CursorKeys
from service.cars.settings import ServiceName

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEY_BYTES = 48

logger = Logger(service=ServiceName.CURSORS)


class RotationRefused(RuntimeError):
    """The step cannot be done; the keys in use stay as they are."""


@functools.cache
def secrets_manager() -> SecretsManagerClient:
    return aws.client("secretsmanager")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """`event` is Secrets Manager's {"Step", "SecretId", "ClientRequestToken"}; the token is the new version's id.

    Raises RotationRefused, or MalformedCursorKeys when the secret does not hold keys.
    """
    rotation = Rotation(secrets_manager(), secret_id=event["SecretId"], version_id=event["ClientRequestToken"])
    step = event["Step"]
    match step:
        case "createSecret":
            rotation.create()
        case "setSecret":
            pass
        case "testSecret":
            rotation.test()
        case "finishSecret":
            rotation.finish()
        case _:
            raise RotationRefused(f"Secrets Manager knows no step {step!r} of a rotation.")
    logger.info("step done", step=step, secret_id=rotation.secret_id, version_id=rotation.version_id)


@dataclass(frozen=True)
class Rotation:
    """One rotation of the secret, to the version `version_id`."""

    client: SecretsManagerClient
    secret_id: str
    version_id: str

    def create(self) -> None:
        if self._pending() is not None:
            return
        new = CursorKey(secrets.token_urlsafe(KEY_BYTES))
        self.client.put_secret_value(
            SecretId=self.secret_id,
            ClientRequestToken=self.version_id,
            SecretString=self._current().rotated(new).to_json(),
            VersionStages=["AWSPENDING"],
        )

    def test(self) -> None:
        """Also when it is current already, or a copy of it: so Secrets Manager tests a new configuration."""
        pending, current = self._pending(), self._current()
        if pending is None:
            raise RotationRefused(f"Version {self.version_id} has no keys: createSecret has to come first.")
        if pending != current and pending.previous != current.current:
            raise RotationRefused(
                f"Version {self.version_id} does not know the key that is in use: cursors would be refused that are "
                "good. Rotate again: `aws secretsmanager rotate-secret`."
            )

    def finish(self) -> None:
        versions = self.client.describe_secret(SecretId=self.secret_id)["VersionIdsToStages"]
        (current,) = (version for version, stages in versions.items() if "AWSCURRENT" in stages)
        if current == self.version_id:
            return
        self.client.update_secret_version_stage(
            SecretId=self.secret_id,
            VersionStage="AWSCURRENT",
            MoveToVersionId=self.version_id,
            RemoveFromVersionId=current,
        )

    def _current(self) -> CursorKeys:
        found = self.client.get_secret_value(SecretId=self.secret_id, VersionStage="AWSCURRENT")
        return CursorKeys.parse_json(found["SecretString"])

    def _pending(self) -> CursorKeys | None:
        """The keys of the new version; None before it has any."""
        try:
            found = self.client.get_secret_value(SecretId=self.secret_id, VersionId=self.version_id)
        except self.client.exceptions.ResourceNotFoundException:
            return None
        return CursorKeys.parse_json(found["SecretString"])

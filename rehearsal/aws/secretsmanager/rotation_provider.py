"""AWS::SecretsManager::RotationSchedule: the rotation at once is carried out, those of the schedule are not.

As on AWS, a rotation runs beside the stack, which it cannot fail: the function is invoked once for each of the four
steps. It must not know what is in a secret.
Source: AWS::SecretsManager::RotationSchedule (Ref is the secret's ARN) in the template reference; "Lambda rotation
functions".
"""

from __future__ import annotations

import logging
import threading
import uuid
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.lambda_host.function import InvocationResult
from rehearsal.aws.resource import ResourceRequest, ResourceResult, ResourceUnsupported, as_bool
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Clock, ClockClosed, Work

ROTATION_SCHEDULE = "AWS::SecretsManager::RotationSchedule"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
log = logging.getLogger(__name__)


def require_own_function(request: ResourceRequest) -> None:
    """Raises ResourceUnsupported for a function that Secrets Manager would bring, or for none."""
    if request.properties.get("HostedRotationLambda") or not request.properties.get("RotationLambdaARN"):
        raise ResourceUnsupported(f"{request.logical_id}: the local run rotates secrets with a RotationLambdaARN only.")


class Functions(Protocol):
    """The Lambda host."""

    def invoke(self, function_arn: str, event: Any) -> InvocationResult: ...


class RotationProvider:
    """See the module; it is a `ResourceProvider`."""

    resource_types = frozenset({ROTATION_SCHEDULE})

    def __init__(self, clock: Clock, functions: Functions) -> None:
        self._clock = clock
        self._functions = functions

    def create(self, request: ResourceRequest) -> ResourceResult:
        properties = request.properties
        require_own_function(request)
        secret_id, function_arn = str(properties["SecretId"]), str(properties["RotationLambdaARN"])
        if as_bool(properties.get("RotateImmediatelyOnUpdate", True)):
            work = self._clock.begin_work(f"rotation of {secret_id}")
            threading.Thread(target=self._rotate, args=(secret_id, function_arn, work), daemon=True).start()
        return ResourceResult(secret_id)

    def update(self, request: ResourceRequest) -> ResourceResult:
        """Rotates again, as on AWS; another secret is a replacement."""
        return self.create(request)

    def delete(self, request: ResourceRequest) -> None:
        """There is nothing behind it: the secret stays as it is."""

    def _rotate(self, secret_id: str, function_arn: str, work: Work) -> None:
        version_id = str(uuid.uuid4())
        try:
            for step in STEPS:
                event = {"Step": step, "SecretId": secret_id, "ClientRequestToken": version_id}
                result = self._functions.invoke(function_arn, event)
                if result.function_error is not None:
                    log.warning("The rotation of %s failed in %s: %s", secret_id, step, result.error_message)
                    return
        except ClockClosed:
            return
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            log.warning("The rotation of %s could not invoke %s: %s", secret_id, function_arn, exc)
        finally:
            work.done()

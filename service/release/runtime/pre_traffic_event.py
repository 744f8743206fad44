"""Before a new version that events invoke gets any: one event, as its source sends it, on exactly that version.

The event is the unit's own sample, of a car that does not exist: it shows that the version starts, has what it needs
and answers as its source expects, and changes nothing that anybody has.
"""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars.settings import ServiceName, Setting, read
from service.release.runtime import new_version
from service.release.runtime.callback import ReleaseRefused, give_verdict

WHAT = "the sample event"

logger = Logger(service=ServiceName.RELEASE)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """`event` is CodeDeploy's {"DeploymentId", "LifecycleEventHookExecutionId"}."""
    give_verdict(event, lambda _: new_version.until_good(WHAT, _exercise, context))


def _exercise() -> None:
    answer = new_version.answer_of(WHAT, json.loads(read(Setting.SAMPLE_EVENT)))
    expected = json.loads(read(Setting.EXPECTED_ANSWER))
    if answer != expected:
        raise ReleaseRefused(f"{WHAT} on the new version answered {json.dumps(answer)}, not {json.dumps(expected)}")

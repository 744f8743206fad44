"""Invokes a deployment's hook as Lambda does: asynchronously, in a thread of its own, retried when it fails.

Whether the hook was content it says itself, by its callback; this only runs it, and finds its words. The clock is held
while it really runs, so that a hook which looks at the last minutes' metrics has real time to do so.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.codedeploy.ports import Services
from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import ClockClosed

_END_SECONDS = 5.0
_LONGEST = 600
_ERROR_LEVEL = re.compile(r'"level": ?"(?:ERROR|CRITICAL)"|^\[ERROR\]')
log = logging.getLogger(__name__)


class HookInvocation(threading.Thread):
    """See the module."""

    def __init__(self, with_: Services, hook_arn: str, deployment_id: str, hook_execution_id: str) -> None:
        super().__init__(name=f"hook-{deployment_id}", daemon=True)
        self._with = with_
        self._hook_arn = hook_arn
        self._event = {"DeploymentId": deployment_id, "LifecycleEventHookExecutionId": hook_execution_id}
        self._explanation = ""

    def run(self) -> None:
        try:
            result = self._with.functions.invoke(
                self._hook_arn, self._event, asynchronous=True, during=self._with.clock.hold
            )
        except ClockClosed:
            return
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            log.warning("The hook %s could not be invoked: %s", self._hook_arn, exc)
            self._explanation = f" It could not be invoked: {exc}"
            return
        # Nobody asks it again before the next deployment, which mostly changes it: its worker only takes memory.
        self._with.functions.retire(FunctionArn.parse(self._hook_arn).unqualified, result.version)
        if result.function_error is not None:
            self._explanation = f" Its invocation failed: {result.error_message}"
        elif said := what_it_said(result.log_tail):
            self._explanation = f" It logged: {said}"

    def explanation(self) -> str:
        """What is known of why the hook was not content, as a sentence after a space; "" when nothing is.

        A hook reports before it ends, so this waits for its end for a moment.
        """
        self.join(_END_SECONDS)
        return self._explanation


def what_it_said(log_tail: Sequence[str]) -> str:
    """The last error in the lines, in a person's words (of a JSON line, message and reason); "" when there is none."""
    errors = [line for line in log_tail if _ERROR_LEVEL.search(line)]
    if not errors:
        return ""
    try:
        entry = json.loads(errors[-1])
    except ValueError:
        return errors[-1][:_LONGEST]
    if not isinstance(entry, dict):
        return errors[-1][:_LONGEST]
    words = [str(entry[key]) for key in ("message", "reason", "errorMessage", "exception_name") if entry.get(key)]
    return ": ".join(words)[:_LONGEST]

"""Lambda as redrive uses it: always through the alias that carries the traffic, never the version that failed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Protocol

from service.failures.redrive.errors import StillFailing

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LIVE = "live"
"""The alias of every function that events invoke (`service/function.py`, which needs CDK)."""

LONGEST_CALL_SECONDS = 900
"""Lambda's longest timeout."""

_FUNCTION_ARN = re.compile(r"(?P<function>arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+)(:(?P<qualifier>[\w$-]+))?")


class Functions(Protocol):
    """The seam to Lambda."""

    def call(self, function_arn: str, event: Any) -> Any:
        """What the function answers. Raises StillFailing when it fails."""

    def call_later(self, function_arn: str, event: Any) -> None:
        """Hands the event to Lambda, which calls the function with its own retries and its own failure destination."""


class LambdaFunctions:
    """`client` has to wait for an answer as long as a function may take: LONGEST_CALL_SECONDS."""

    def __init__(self, client: LambdaClient) -> None:
        self._client = client

    def call(self, function_arn: str, event: Any) -> Any:
        answer = self._client.invoke(FunctionName=function_arn, Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError"):
            error_type = payload.get("errorType", "no type") if isinstance(payload, dict) else "no type"
            version = answer.get("ExecutedVersion", "?")
            raise StillFailing(f"The function failed again ({error_type}, version {version}); its log says why.")
        return payload

    def call_later(self, function_arn: str, event: Any) -> None:
        self._client.invoke(FunctionName=function_arn, InvocationType="Event", Payload=json.dumps(event).encode())


def live_alias(function_arn: str) -> str:
    """The ARN to call: an alias stays what it is; a version, `$LATEST` or no qualifier becomes `live`.

    A record names what was called, and after a fix that is the version with the fault.
    """
    found = _FUNCTION_ARN.fullmatch(function_arn)
    if found is None:
        raise ValueError(f"{function_arn!r} is not the ARN of a function.")
    qualifier = found["qualifier"]
    if qualifier is None or qualifier == "$LATEST" or qualifier.isdigit():
        qualifier = LIVE
    return f"{found['function']}:{qualifier}"


def require_success(answer: Any) -> None:
    """Raises StillFailing unless the answer is one that Lambda takes for a success of the whole batch.

    Source: "Reporting batch item failures", success and failure conditions.
    """
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:
        return
    identifiers = ", ".join(str(failure.get("itemIdentifier")) for failure in failures)
    raise StillFailing(f"The function still cannot handle the records from here on: {identifiers}. Its log says why.")


def short_name(function_arn: str) -> str:
    """Name and qualifier."""
    return ":".join(function_arn.split(":")[-2:])

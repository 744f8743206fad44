"""What the Lambda host has to know of a function and of an invocation: names, a version's configuration, an outcome.

It must not call AWS: `functions.py` reads these from the Lambda API.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import boto3

LATEST = "$LATEST"
PROXY_URL_VARIABLE = "MINISTACK_LAMBDA_PROXY_URL"
DEAD_LETTER_VARIABLE = "REHEARSAL_DEAD_LETTER_TARGET_ARN"
"""Carries a stack's DeadLetterConfig, which the emulator's CloudFormation drops. The function does not see it."""


class Clients(Protocol):
    """Sessions of the local AWS: an account's root, and roles assumed by it."""

    def root(self, account: str, region: str) -> boto3.Session: ...

    def assume(self, role_arn: str, *, session_name: str, region: str) -> boto3.Session: ...


class Invoker(Protocol):
    """The Lambda host, for whoever invokes functions; see host.py."""

    def invoke(
        self,
        function_arn: str,
        event: Any,
        *,
        asynchronous: bool = False,
        during: Callable[[], AbstractContextManager[object]],
    ) -> InvocationResult: ...


@dataclass(frozen=True)
class FunctionArn:
    """`arn:aws:lambda:{region}:{account}:function:{name}[:{qualifier}]`; a qualifier is a version or an alias."""

    account: str
    region: str
    name: str
    qualifier: str | None = None

    @classmethod
    def parse(cls, arn: str) -> FunctionArn:
        parts = arn.split(":")
        if len(parts) not in (7, 8) or parts[2] != "lambda" or parts[5] != "function":
            raise ValueError(f"{arn!r} is no ARN of a Lambda function, version or alias.")
        return cls(account=parts[4], region=parts[3], name=parts[6], qualifier=parts[7] if len(parts) == 8 else None)

    def __str__(self) -> str:
        unqualified = f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"
        return unqualified if self.qualifier is None else f"{unqualified}:{self.qualifier}"

    @property
    def unqualified(self) -> FunctionArn:
        return FunctionArn(self.account, self.region, self.name)

    def qualified(self, qualifier: str) -> FunctionArn:
        return FunctionArn(self.account, self.region, self.name, qualifier)


@dataclass(frozen=True, kw_only=True)
class FunctionVersion:
    """The configuration of one version, `$LATEST` included, as GetFunctionConfiguration answers it."""

    function: FunctionArn
    version: str
    runtime: str
    handler: str
    role_arn: str
    timeout_seconds: int
    memory_mib: int
    code_sha256: str
    layer_arns: tuple[str, ...]
    environment: Mapping[str, str]
    log_group: str
    dead_letter_arn: str = ""
    is_run_here: bool = False

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> FunctionVersion:
        variables = dict(configuration.get("Environment", {}).get("Variables", {}))
        is_run_here = variables.pop(PROXY_URL_VARIABLE, None) is not None
        dead_letter_arn = variables.pop(DEAD_LETTER_VARIABLE, "")
        name = configuration["FunctionName"]
        return cls(
            function=FunctionArn.parse(configuration["FunctionArn"]).unqualified,
            version=configuration["Version"],
            runtime=configuration.get("Runtime", ""),
            handler=configuration.get("Handler", ""),
            role_arn=configuration["Role"],
            timeout_seconds=int(configuration.get("Timeout", 3)),
            memory_mib=int(configuration.get("MemorySize", 128)),
            code_sha256=configuration["CodeSha256"],
            layer_arns=tuple(layer["Arn"] for layer in configuration.get("Layers", [])),
            environment=variables,
            log_group=configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}",
            dead_letter_arn=configuration.get("DeadLetterConfig", {}).get("TargetArn", "") or dead_letter_arn,
            is_run_here=is_run_here,
        )


@dataclass(frozen=True, kw_only=True)
class InvocationResult:
    """How an invocation ended. `payload` is JSON; with an error it holds errorMessage and errorType.

    `function_error` is "Unhandled" as in the API's FunctionError, or None. `duration_ms` is the handler's own time.
    `log_tail` is the end of what it printed.
    """

    version: str
    payload: bytes
    function_error: str | None = None
    duration_ms: float = 0.0
    request_id: str = ""
    log_tail: tuple[str, ...] = ()

    @property
    def error_message(self) -> str:
        """Lambda's own words for a failed invocation, "" for one that succeeded."""
        if self.function_error is None:
            return ""
        try:
            error = json.loads(self.payload)
        except ValueError:
            error = {}
        message = error.get("errorMessage", "") if isinstance(error, dict) else ""
        kind = error.get("errorType", "") if isinstance(error, dict) else ""
        return f"{kind}: {message}" if kind else str(message)


def failure(error_type: str, message: str) -> bytes:
    """The payload of an invocation that failed without the function's own words."""
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()

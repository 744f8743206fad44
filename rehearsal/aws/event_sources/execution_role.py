"""Sessions of functions' execution roles: with them Lambda reads event sources and writes to destinations.

What a role may is asked of IAM where the emulator does not see which resource a call is about. It must not know what
the sessions are used for. Source: "Lambda execution role", and for each source its required permissions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from rehearsal.aws.lambda_host.function import LATEST, Clients, FunctionArn, FunctionVersion
from rehearsal.aws.lambda_host.functions import Functions
from rehearsal.aws.lambda_host.remembered import Remembered
from rehearsal.errors import RehearsalError

_VERSION_SECONDS = 5.0
_SESSION_SECONDS = 45 * 60.0  # the credentials last an hour


class AccessDenied(RehearsalError):
    """The role's policies do not allow what Lambda does with it. The message is Lambda's own."""


@dataclass(frozen=True)
class ExecutionRole:
    """`function` is the version's configuration that named the role."""

    function: FunctionVersion
    session: boto3.Session

    @property
    def arn(self) -> str:
        return self.function.role_arn


class ExecutionRoles:
    """Safe to use from several threads. Raises botocore's ClientError for an unknown function or role."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._functions = Functions(clients)
        self._versions = Remembered[FunctionVersion](_VERSION_SECONDS)
        self._denied = Remembered[tuple[str, ...]](_VERSION_SECONDS)
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], tuple[float, boto3.Session]] = {}

    def of(self, function: FunctionArn) -> ExecutionRole:
        """The role of the version that the qualifier names; of an alias, its own version's."""
        version = self._versions.get(function, lambda: self._read_version(function))
        return ExecutionRole(version, self._session(version))

    def denied(self, role: ExecutionRole, actions: Sequence[str], resource_arn: str) -> tuple[str, ...]:
        """Those of `actions` that the role's policies do not allow on the resource."""
        key = (role.arn, *actions, resource_arn)
        return self._denied.get(key, lambda: self._read_denied(role, actions, resource_arn))

    def _read_denied(self, role: ExecutionRole, actions: Sequence[str], resource_arn: str) -> tuple[str, ...]:
        function = role.function.function
        iam: Any = self._clients.root(function.account, function.region).client("iam")
        answer = iam.simulate_principal_policy(
            PolicySourceArn=role.arn, ActionNames=list(actions), ResourceArns=[resource_arn]
        )
        results = answer["EvaluationResults"]
        return tuple(result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed")

    def _read_version(self, function: FunctionArn) -> FunctionVersion:
        qualifier = function.qualifier or LATEST
        if qualifier != LATEST and not qualifier.isdigit():
            qualifier = self._functions.routing(function, qualifier).version
        return self._functions.version(function, qualifier)

    def _session(self, version: FunctionVersion) -> boto3.Session:
        function = version.function
        key = (version.role_arn, function.region)
        with self._lock:
            known = self._sessions.get(key)
            if known is None or time.monotonic() - known[0] > _SESSION_SECONDS:
                name = function.name[:64].ljust(2, "-")
                session = self._clients.assume(version.role_arn, session_name=name, region=function.region)
                known = self._sessions[key] = (time.monotonic(), session)
            return known[1]

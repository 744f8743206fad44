"""The seam for AWS APIs that the edge answers itself instead of passing them to the emulator.

The edge decodes the protocol (query, JSON, CBOR) and has authenticated and authorized the caller; a `ServiceApi` sees
operation names and parameters exactly as boto3 spells them. It must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class Caller:
    account: str
    region: str
    arn: str = ""


class ApiError(Exception):
    """An error answer: `code` as the service's API names it (e.g. ResourceNotFound)."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class ServiceApi(Protocol):
    """`service` is the botocore name (cloudwatch, codedeploy, codepipeline).

    `operations` names those that are served here; any other operation of the service goes to the emulator.
    Timestamps in parameters and answers are datetimes (UTC) on the caller's wall clock: the handler translates.
    """

    service: str
    operations: frozenset[str]

    def call(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]: ...


@runtime_checkable
class NamesResources(Protocol):
    """A `ServiceApi` whose operations are authorized on resources; one that names none is authorized on "*".

    `resources` gives the ARNs as the service authorization reference has them; none of them means "*".
    """

    def resources(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> Sequence[str]: ...

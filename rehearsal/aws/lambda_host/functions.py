"""Reads functions, versions and aliases from the Lambda API, and remembers what does not change.

It must not run anything. A published version never changes; `$LATEST` is read anew for every invocation; an alias
and its settings are read anew after a second, and at once after `forget`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rehearsal.aws.lambda_host.event_invoke_config import EventInvokeConfig
from rehearsal.aws.lambda_host.function import LATEST, Clients, FunctionArn, FunctionVersion
from rehearsal.aws.lambda_host.remembered import Remembered
from rehearsal.aws.lambda_host.routing import Routing

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_ALIAS_SECONDS = 1.0
_EVENT_INVOKE_CONFIG_SECONDS = 1.0


class Functions:
    """See the module. Unknown functions, versions and aliases raise botocore's ClientError."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._lambda_clients: dict[tuple[str, str], LambdaClient] = {}
        self._versions = Remembered[FunctionVersion](float("inf"))
        self._routings = Remembered[Routing](_ALIAS_SECONDS)
        self._event_invoke_configs = Remembered[EventInvokeConfig](_EVENT_INVOKE_CONFIG_SECONDS)

    def client(self, function: FunctionArn) -> LambdaClient:
        """A Lambda client of the root of the function's account."""
        key = (function.account, function.region)
        with self._lock:
            if key not in self._lambda_clients:
                self._lambda_clients[key] = self._clients.root(*key).client("lambda")
            return self._lambda_clients[key]

    def version(self, function: FunctionArn, version: str) -> FunctionVersion:
        key = (function.unqualified, version)
        if version == LATEST:
            self._versions.forget(lambda known: known == key)
        return self._versions.get(key, lambda: self._read_version(function, version))

    def routing(self, function: FunctionArn, alias: str) -> Routing:
        return self._routings.get((function.unqualified, alias), lambda: self._read_routing(function, alias))

    def event_invoke_config(self, function: FunctionArn) -> EventInvokeConfig:
        """The settings of exactly this qualifier: an alias does not inherit those of the function."""
        key = (function.unqualified, function.qualifier)
        return self._event_invoke_configs.get(key, lambda: self._read_event_invoke_config(function))

    def is_run_here(self, function: FunctionArn) -> bool:
        """Its invocations come to the host; any other function the emulator runs itself."""
        qualifier = function.qualifier or LATEST
        if qualifier != LATEST and not qualifier.isdigit():
            qualifier = self.routing(function, qualifier).version
        return self.version(function, qualifier).is_run_here

    def forget(self, function: FunctionArn) -> None:
        """The function, a version or an alias of it was changed or made anew."""
        for remembered in (self._versions, self._routings, self._event_invoke_configs):
            remembered.forget(lambda key: isinstance(key, tuple) and key[0] == function.unqualified)

    def _read_version(self, function: FunctionArn, version: str) -> FunctionVersion:
        qualifier = {} if version == LATEST else {"Qualifier": version}
        return FunctionVersion.from_configuration(
            self.client(function).get_function_configuration(
                FunctionName=function.name,
                **qualifier,
            )
        )

    def _read_routing(self, function: FunctionArn, alias: str) -> Routing:
        return Routing.from_alias(self.client(function).get_alias(FunctionName=function.name, Name=alias))

    def _read_event_invoke_config(self, function: FunctionArn) -> EventInvokeConfig:
        qualifier = {"Qualifier": function.qualifier} if function.qualifier else {}
        client = self.client(function)
        try:
            answer = client.get_function_event_invoke_config(FunctionName=function.name, **qualifier)
        except client.exceptions.ResourceNotFoundException:
            return EventInvokeConfig()
        return EventInvokeConfig.from_answer(answer)

"""The local run's CodePipeline behind boto3's methods: the release command is answered as it would be in a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError

from rehearsal.aws.service_api import ApiError
from tests.rehearsal.codepipeline.test_codepipeline_api import World

_MODEL = botocore.session.get_session().get_service_model("codepipeline")
_OPERATIONS = {xform_name(name): name for name in _MODEL.operation_names}


class LocalClient:
    """`calls` has every operation that was called. `before`, if set, runs once before the named operation."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.calls: list[str] = []
        self.before: dict[str, Any] = {}

    def __getattr__(self, method: str) -> Any:
        if method not in _OPERATIONS:
            raise AttributeError(method)
        return lambda **parameters: self._call(_OPERATIONS[method], parameters)

    def get_paginator(self, method: str) -> Pages:
        return Pages(self, method)

    def _call(self, operation: str, parameters: dict[str, Any]) -> Any:
        interruption = self.before.pop(operation, None)
        if interruption is not None:
            interruption()
        self.calls.append(operation)
        try:
            return self._world.call(operation, **parameters)
        except ApiError as error:
            raise ClientError({"Error": {"Code": error.code, "Message": str(error)}}, operation) from error


class Pages:
    def __init__(self, client: LocalClient, method: str) -> None:
        self._client = client
        self._method = method

    def paginate(self, **parameters: Any) -> Iterator[Any]:
        yield getattr(self._client, self._method)(**parameters)

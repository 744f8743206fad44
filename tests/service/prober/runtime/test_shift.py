from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from service.cars.settings import Setting
from service.prober.runtime import shift


class FakeLambda:
    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self._answer = answer

    def get_alias(self, **asked: str) -> dict[str, Any]:
        assert asked == {"FunctionName": "cars", "Name": "live"}
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "shifting"),
    [
        ({"FunctionVersion": "1"}, False),
        ({"FunctionVersion": "1", "RoutingConfig": {}}, False),
        ({"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {}}}, False),
        ({"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}, True),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAlias"), True),
        (EndpointConnectionError(endpoint_url="https://lambda"), True),
    ],
)
def test_traffic_shifts_when_the_alias_has_weights_or_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any] | Exception, shifting: bool
) -> None:
    monkeypatch.setenv(Setting.FUNCTION_NAME, "cars")
    monkeypatch.setenv(Setting.ALIAS_NAME, "live")
    monkeypatch.setattr(shift, "lambda_client", lambda: FakeLambda(answer))

    assert shift.is_traffic_shifting() is shifting

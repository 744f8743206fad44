from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from service.cars.settings import Setting
from service.prober.runtime import shift
from service.prober.runtime.shift import Shift


class FakeLambda:
    """GetAlias: `answer` for the alias of the function "telemetry", one version and no weights for any other."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self._answer = answer

    def get_alias(self, *, FunctionName: str, Name: str) -> dict[str, Any]:
        assert Name == "live"
        if FunctionName != "telemetry":
            return {"FunctionVersion": "1"}
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "is_shifting"),
    [
        ({"FunctionVersion": "1"}, False),
        ({"FunctionVersion": "1", "RoutingConfig": {}}, False),
        ({"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {}}}, False),
        ({"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}, True),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAlias"), True),
        (EndpointConnectionError(endpoint_url="https://lambda"), True),
    ],
)
@pytest.mark.parametrize("api", ["telemetry", "api"])
def test_traffic_shifts_when_an_alias_has_weights_or_cannot_be_read(
    api: str, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any] | Exception, is_shifting: bool
) -> None:
    monkeypatch.setenv(Setting.FUNCTION_NAME, api)
    monkeypatch.setenv(Setting.EVENT_FUNCTION_NAMES, "changes,telemetry" if api == "api" else "changes,maintenance")
    monkeypatch.setenv(Setting.ALIAS_NAME, "live")
    monkeypatch.setattr(shift, "lambda_client", lambda: FakeLambda(answer))

    expected = Shift(of_api=False, of_events=is_shifting) if api == "api" else Shift(is_shifting, False)
    assert shift.shift({}) == expected

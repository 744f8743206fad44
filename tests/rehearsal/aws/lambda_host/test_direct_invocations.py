from __future__ import annotations

from rehearsal.aws.lambda_host.direct_invocations import DirectInvocations
from rehearsal.aws.lambda_host.function import FunctionArn

FUNCTION = FunctionArn("222222222222", "eu-west-1", "cars")


def test_an_invocation_is_direct_while_it_is_under_way_however_its_json_is_written() -> None:
    direct = DirectInvocations()

    with direct.under_way(FUNCTION.qualified("live"), b'{"a":1, "b": "\\u00e4"}'):
        during = [
            direct.is_one(FUNCTION.qualified("7"), '{"b": "ä", "a": 1}'.encode()),
            direct.is_one(FUNCTION, b'{"a": 2}'),
            direct.is_one(FunctionArn("222222222222", "eu-west-1", "other"), b'{"a":1, "b": "\\u00e4"}'),
        ]

    assert during == [True, False, False]
    assert not direct.is_one(FUNCTION, b'{"a":1, "b": "\\u00e4"}')


def test_of_two_equal_invocations_the_second_stays_direct_when_the_first_has_ended() -> None:
    direct = DirectInvocations()

    with direct.under_way(FUNCTION, b""):
        with direct.under_way(FUNCTION, b"{}"):
            pass
        assert direct.is_one(FUNCTION, b"{}")

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.lambda_host.api_gateway import AUTHORIZATION_HEADER, ApiAuthorizations


def event(mark: str, **more: Any) -> bytes:
    return json.dumps({"headers": {AUTHORIZATION_HEADER: mark}, "requestContext": {"stage": "prod"}, **more}).encode()


def test_a_marked_event_is_answered_in_place_of_the_function_and_told() -> None:
    authorizations = ApiAuthorizations()

    with authorizations.asked() as asked:
        answer = authorizations.answer(event(asked.mark))

    assert answer is not None
    assert json.loads(answer)["statusCode"] == 200
    assert asked.event is not None
    assert asked.event["requestContext"] == {"stage": "prod"}


@pytest.mark.parametrize("given", [event("guessed"), b"{}", b"no json " + AUTHORIZATION_HEADER.encode(), b"[]"])
def test_any_other_event_is_the_functions(given: bytes) -> None:
    authorizations = ApiAuthorizations()

    with authorizations.asked() as asked:
        assert authorizations.answer(given) is None

    assert asked.event is None


def test_a_mark_in_the_query_or_of_an_earlier_question_is_none() -> None:
    authorizations = ApiAuthorizations()
    with authorizations.asked() as earlier:
        in_query = {"headers": {}, "queryStringParameters": {AUTHORIZATION_HEADER: earlier.mark}}
        assert authorizations.answer(json.dumps(in_query).encode()) is None

    assert authorizations.answer(event(earlier.mark)) is None

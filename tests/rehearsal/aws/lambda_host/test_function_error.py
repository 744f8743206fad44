from __future__ import annotations

import json

import pytest

from rehearsal.aws.lambda_host.function_error import FunctionErrors

EMULATOR_TAKES_BYTES = 512


def through_the_emulator(body: bytes) -> bytes:
    """What MiniStack answers an Invoke when the proxy answered 500 with `body`."""
    start = body[:EMULATOR_TAKES_BYTES].decode("utf-8", "replace")
    message = f"Proxy target returned HTTP 500: {start}"
    return json.dumps({"errorMessage": message, "errorType": "Runtime.HandlerError"}).encode()


@pytest.mark.parametrize("message", ["no such car", "x" * 100_000, "ü" * 300, 'quotes " and \\ and \n lines', ""])
def test_a_functions_error_comes_out_as_it_went_in(message: str) -> None:
    errors = FunctionErrors()
    payload = json.dumps({"errorType": "ValueError", "errorMessage": message, "stackTrace": ["line"]}).encode()

    short = errors.shorten("request-1", payload)

    assert errors.restore(through_the_emulator(short)) == payload


def test_the_short_form_still_says_what_happened() -> None:
    short = json.loads(FunctionErrors().shorten("r", b'{"errorType": "ValueError", "errorMessage": "no such car"}'))

    assert short == {"requestId": "r", "errorType": "ValueError", "errorMessage": "no such car"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"no json",
        b'{"errorMessage": "Task timed out after 3.00 seconds"}',
        b'{"errorMessage": 7}',
        b'{"errorMessage": "Proxy target returned HTTP 500: no json"}',
        b'{"errorMessage": "Proxy target returned HTTP 500: {\\"requestId\\": \\"unknown\\"}"}',
    ],
)
def test_any_other_answer_stays_as_it_is(body: bytes) -> None:
    assert FunctionErrors().restore(body) == body


def test_an_error_that_is_no_json_object_is_carried_too() -> None:
    errors = FunctionErrors()

    assert errors.restore(through_the_emulator(errors.shorten("r", b"[1]"))) == b"[1]"

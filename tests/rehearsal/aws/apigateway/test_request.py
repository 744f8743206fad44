from __future__ import annotations

import pytest

from rehearsal.aws.apigateway.request import ApiRequest, api_address, joined, means, segments


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("/_aws/execute-api/abc/prod/cars?a=1", ("abc", "prod/cars")),
        ("/_aws/execute-api/abc/prod/a%2Fb/", ("abc", "prod/a%2Fb/")),
        ("/_aws/execute-api/abc/", ("abc", "")),
        ("/_aws/execute-api/abc", ("abc", "")),
        ("/_aws/execute-api/abc?a=1", ("abc", "")),
        ("/_aws/execute-api/", None),
        ("/restapis/abc/prod/_user_request_/cars", ("abc", "prod/cars")),
        ("/restapis/abc/prod/_user_request_", ("abc", "prod/")),
        ("/restapis/abc/stages/prod", None),
        ("/", None),
    ],
)
def test_address_tells_the_api_and_what_follows(target: str, address: tuple[str, str] | None) -> None:
    assert api_address(target) == address


def test_header_names_are_the_same_in_any_letters_and_the_last_value_counts() -> None:
    request = ApiRequest(method="GET", path="/", headers=(("X-A", "1"), ("x-a", "2")), query="p=1&p=2&q=a%2Bb+c&r")

    assert request.values("X-a") == ["1", "2"]
    assert (request.header("x-A"), request.header("none")) == ("2", "")
    assert request.parameters == (("p", "1"), ("p", "2"), ("q", "a+b c"), ("r", ""))
    assert (request.parameter("p"), request.parameter("none")) == ("2", "")
    assert joined(request.parameters) == {"p": "1,2", "q": "a+b c", "r": ""}


def test_an_encoded_slash_divides_nothing() -> None:
    assert segments("//cars/a%2Fb/") == ["cars", "a%2Fb"]
    assert means("%63ars", "cars")
    assert not means("a%2Fb", "b")

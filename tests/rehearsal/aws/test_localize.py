from __future__ import annotations

import pytest

from rehearsal.aws.localize import Localizer

localize = Localizer("http://127.0.0.1:4567")


def test_localize_turns_every_address_of_an_api() -> None:
    text = (
        "a: https://abc1.execute-api.eu-west-1.amazonaws.com/prod/ b: https://xyz.execute-api.us-east-1.amazonaws.com"
    )

    assert localize(text) == (
        "a: http://127.0.0.1:4567/_aws/execute-api/abc1/prod/ b: http://127.0.0.1:4567/_aws/execute-api/xyz"
    )


def test_localize_turns_the_address_of_a_function_url() -> None:
    url_id = "abcdefghijklmnopqrstuvwxyz012345"

    assert localize(f"https://{url_id}.lambda-url.eu-west-1.on.aws/") == (
        f"http://127.0.0.1:4567/_aws/lambda-url/{url_id}/"
    )


def test_localize_keeps_the_address_of_a_distribution_on_this_machine() -> None:
    assert localize("at https://d1234567890abc.cloudfront.net/a") == (
        "at http://127.0.0.1:4567/_aws/cloudfront/d1234567890abc/a"
    )


@pytest.mark.parametrize(
    "text",
    [
        "https://cdn.cloudfront.net/a",
        "https://on.aws/",
        "",
        "https://example.com/execute-api",
        "https://s3.eu-west-1.amazonaws.com/bucket",
    ],
)
def test_localize_leaves_other_texts(text: str) -> None:
    assert localize(text) == text

"""AWS addresses in a text, turned into those that answer on this machine.

It must not know where the text comes from (a stack's output, a function's or a build's environment).
Source: "Invoking Lambda function URLs"; "Use custom URLs by adding alternate domain names" (CloudFront's own names).
"""

from __future__ import annotations

import re

FUNCTION_URL_PATH = "/_aws/lambda-url/"
DISTRIBUTION_PATH = "/_aws/cloudfront/"
# In the emulator's words: a text that was not made here is left alone.
_ADDRESSES = (
    (re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com"), "/_aws/execute-api/"),
    (re.compile(r"https://([a-z0-9]{32})\.lambda-url\.[a-z0-9-]+\.on\.aws"), FUNCTION_URL_PATH),
    (re.compile(r"https://(d[a-z0-9]{13})\.cloudfront\.net"), DISTRIBUTION_PATH),
)


class Localizer:
    """`localizer(text)`: the addresses of APIs, function URLs and distributions in it lead to `edge_url`.

    `https://{id}.execute-api.{region}.amazonaws.com/…` is then `{edge_url}/_aws/execute-api/{id}/…`. No distribution
    answers there: the edge says so, by name.
    """

    def __init__(self, edge_url: str) -> None:
        self._edge_url = edge_url

    def __call__(self, text: str) -> str:
        for pattern, path in _ADDRESSES:
            text = pattern.sub(rf"{self._edge_url}{path}\1", text)
        return text

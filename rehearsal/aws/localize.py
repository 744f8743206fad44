"""AWS addresses in a text, turned into those that answer on this machine.

It must not know where the text comes from (a stack's output, a function's or a build's environment).
"""

from __future__ import annotations

import re

_EXECUTE_API = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com")


class Localizer:
    """`localizer(text)`: `https://{id}.execute-api.{region}.amazonaws.com/…` -> the same API behind `edge_url`."""

    def __init__(self, edge_url: str) -> None:
        self._edge_url = edge_url

    def __call__(self, text: str) -> str:
        return _EXECUTE_API.sub(rf"{self._edge_url}/_aws/execute-api/\1", text)

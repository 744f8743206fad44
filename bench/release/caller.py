"""Calls the API for some seconds, one request after the other, each signed, and prints how many were answered.

    python caller.py URL ACCESS_KEY SECRET_KEY TOKEN SECONDS get|journey

As the prober does it: botocore signs, urllib3 keeps the connection, and a journey is its own (service/prober). It
says "ready" when it was answered, and begins when it is given a line; it ends with an error when anything is answered
otherwise than it must be.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "eu-west-1"


class Caller:
    """`answered` counts. Ends the process when an answer is not as expected."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        self._url = url
        self._connections = urllib3.PoolManager(timeout=30, retries=False)
        self._signature = SigV4Auth(credentials, "execute-api", REGION)
        self.answered = 0

    def call(self, method: str, path: str, expected: int, body: Mapping[str, Any] | None = None) -> None:
        url, data = self._url + path, json.dumps(body).encode() if body is not None else b""
        request = AWSRequest(method=method, url=url, data=data, headers={"Content-Type": "application/json"})
        self._signature.add_auth(request)
        answer = self._connections.request(method, url, body=data or None, headers=dict(request.headers.items()))
        if answer.status != expected:
            sys.exit(f"{method} {path} was answered {answer.status}: {answer.data!r}")
        self.answered += 1

    def create(self, car_id: str) -> None:
        self.call("POST", "cars", 201, {"car_id": car_id, "model": "Bench", "year": 2026})

    def get(self, car_id: str) -> None:
        self.call("GET", f"cars/{car_id}", 200)

    def delete(self, car_id: str) -> None:
        self.call("DELETE", f"cars/{car_id}", 204)

    def journey(self) -> None:
        car_id = new_car_id()
        self.create(car_id)
        self.get(car_id)
        self.call("GET", "cars?limit=25", 200)
        self.call("PATCH", f"cars/{car_id}", 200, {"status": "InCourse"})
        self.get(car_id)
        self.delete(car_id)
        self.call("GET", f"cars/{car_id}", 404)


def new_car_id() -> str:
    return f"e2e-{uuid.uuid4()}"


def main() -> None:
    url, access_key, secret_key, token, seconds, what = sys.argv[1:]
    caller = Caller(url, Credentials(access_key, secret_key, token))
    caller.journey()
    car_id = new_car_id()
    caller.create(car_id)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    caller.answered = 0
    began = time.monotonic()
    while time.monotonic() < began + float(seconds):
        if what == "journey":
            caller.journey()
        else:
            caller.get(car_id)
    # The last journey may have taken a while longer.
    rate = caller.answered / (time.monotonic() - began)
    caller.delete(car_id)
    sys.stdout.write(f"{rate}\n")


if __name__ == "__main__":
    main()

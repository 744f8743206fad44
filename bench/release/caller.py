"""Calls the API for some seconds, one request after the other, each signed, and prints how many were answered.

    python caller.py URL ACCESS_KEY SECRET_KEY TOKEN SECONDS

As the prober does it: botocore signs, urllib3 keeps the connection. It says "ready" when its car is there, and begins
when it is given a line; it ends with an error when anything is answered otherwise than it must be.
"""

from __future__ import annotations

import json
import sys
import time
import uuid

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def main() -> None:
    url, access_key, secret_key, token, seconds = sys.argv[1:]
    connections = urllib3.PoolManager(timeout=30, retries=False)
    signature = SigV4Auth(Credentials(access_key, secret_key, token), "execute-api", "eu-west-1")

    def call(method: str, path: str, body: bytes, expected: int) -> None:
        request = AWSRequest(method=method, url=url + path, data=body, headers={"Content-Type": "application/json"})
        signature.add_auth(request)
        answer = connections.request(method, url + path, body=body or None, headers=dict(request.headers.items()))
        if answer.status != expected:
            sys.exit(f"{method} {path} was answered {answer.status}: {answer.data!r}")

    car_id = f"e2e-{uuid.uuid4()}"
    call("POST", "cars", json.dumps({"car_id": car_id, "model": "Bench", "year": 2026}).encode(), 201)
    call("GET", f"cars/{car_id}", b"", 200)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    deadline = time.monotonic() + float(seconds)
    answered = 0
    while time.monotonic() < deadline:
        call("GET", f"cars/{car_id}", b"", 200)
        answered += 1
    call("DELETE", f"cars/{car_id}", b"", 204)
    sys.stdout.write(f"{answered}\n")


if __name__ == "__main__":
    main()

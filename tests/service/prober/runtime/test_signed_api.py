"""What goes over the wire, against a server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.credentials import Credentials

from service.prober.runtime.signed_api import Answer, SignedApi


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections = 0
        self.answer = (200, b'{"cars": []}')
        self.etag = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/staging/"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body))
        status, content = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def api_at(url: str) -> SignedApi:
    return SignedApi(url, region="eu-west-1", credentials=Credentials("AKIDEXAMPLE", "secret", "token"))


def test_call_is_signed_for_execute_api_in_the_region(server: Server) -> None:
    answer = api_at(server.url).call("GET", "/cars", query={"limit": "2", "next_token": "a=="})

    assert answer == Answer(200, {"cars": []})
    ((method, path, headers, _),) = server.seen
    assert (method, path) == ("GET", "/staging/cars?limit=2&next_token=a%3D%3D")
    assert "Credential=AKIDEXAMPLE/" in headers["authorization"]
    assert "/eu-west-1/execute-api/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "token"


def test_body_goes_as_json(server: Server) -> None:
    api_at(server.url).call("POST", "/cars", body={"car_id": "probe-1"})

    ((_, _, headers, body),) = server.seen
    assert headers["content-type"] == "application/json"
    assert body == b'{"car_id": "probe-1"}'


def test_tag_that_was_answered_can_be_sent(server: Server) -> None:
    server.etag = '"a.0"'
    api = api_at(server.url)

    answer = api.call("PUT", "/cars/probe-1", body={}, if_match=api.call("GET", "/cars/probe-1").etag)

    assert answer == Answer(200, {"cars": []}, '"a.0"')
    assert server.seen[1][2]["if-match"] == '"a.0"'
    assert "if-match" not in server.seen[0][2]


def test_calls_share_one_connection(server: Server) -> None:
    api = api_at(server.url)
    for _ in range(5):
        api.call("GET", "/cars")

    assert (len(server.seen), server.connections) == (5, 1)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b"\xff"])
def test_body_that_is_no_json_object_is_no_error(server: Server, content: bytes) -> None:
    server.answer = (502, content)

    assert api_at(server.url).call("GET", "/cars") == Answer(502, {})


def test_no_answer_is_no_error(server: Server) -> None:
    url = server.url
    server.server_close()

    assert api_at(url).call("GET", "/cars") == Answer(0, {})

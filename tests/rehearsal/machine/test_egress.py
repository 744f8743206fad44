"""Nothing that the run starts reaches AWS: real clients, as a build or an app may use them, are refused by name."""

from __future__ import annotations

import base64
import gc
import http.client
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rehearsal.machine.egress import Egress
from rehearsal.machine.forward_proxy import ForwardProxy
from rehearsal.machine.loop_thread import LoopThread

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-west-1"}


class _Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        names = sorted(name.lower() for name in self.headers)
        body = json.dumps({"path": self.path, "headers": names, "host": self.headers["Host"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    """Somebody else's server: `host:port`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def refused() -> list[str]:
    return []


@pytest.fixture
def egress(tmp_path: Path, refused: list[str]) -> Iterator[Egress]:
    with Egress(tmp_path, refused.append, inherited={}) as egress:
        yield egress


@contextmanager
def connection(
    egress: Egress, *, user: str | None = None
) -> Iterator[tuple[http.client.HTTPConnection, dict[str, str]]]:
    """To the proxy, with the headers that let one in."""
    parts = urlsplit(egress.variables()["HTTPS_PROXY"])
    with closing(http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=20)) as opened:
        yield opened, {"Proxy-Authorization": basic(user or f"{parts.username}:{parts.password}")}


def basic(user: str) -> str:
    return "Basic " + base64.b64encode(user.encode()).decode()


def get(egress: Egress, url: str, *, user: str | None = None) -> tuple[int, str]:
    with connection(egress, user=user) as (opened, headers):
        opened.request("GET", url, headers=headers)
        answer = opened.getresponse()
        return answer.status, answer.read().decode()


def tunnel(egress: Egress, target: str, path: str = "/") -> tuple[int, str]:
    """A GET through a tunnel, or what the proxy said to the tunnel."""
    with connection(egress) as (opened, headers):
        host, _, port = target.rpartition(":")
        opened.set_tunnel(host, int(port), headers)
        try:
            opened.request("GET", path)
            answer = opened.getresponse()
            return answer.status, answer.read().decode()
        except OSError as exc:
            return 0, str(exc)


def test_other_hosts_are_reached_and_told_nothing_of_the_proxy(egress: Egress, site: str, refused: list[str]) -> None:
    status, body = get(egress, f"http://{site}/simple/?a=b")

    assert (status, json.loads(body)["path"]) == (200, "/simple/?a=b")
    assert "proxy-authorization" not in json.loads(body)["headers"]
    assert tunnel(egress, site, "/through")[0] == 200
    assert refused == []


@pytest.mark.parametrize(
    "host",
    [
        "sts.amazonaws.com",
        "S3.EU-WEST-1.AMAZONAWS.COM",
        "bucket.s3.cn-north-1.amazonaws.com.cn",
        "s3.dualstack.us-east-1.api.aws",
        "abc.lambda-url.eu-west-1.on.aws",
        "cli.cdk.dev-tools.aws.dev",
        "signin.aws.amazon.com",
        "169.254.169.254",
        "2852039166",
        "[fd00:ec2::254]",
        "s3.eu-west-1.amazonaws.com.",
        "[::ffff:169.254.169.254]",
    ],
)
def test_aws_and_the_metadata_of_a_machine_are_refused_by_name(egress: Egress, host: str, refused: list[str]) -> None:
    plain, words = get(egress, f"http://{host}/latest/meta-data/")
    _, tunnelled = tunnel(egress, f"{host}:443")

    assert (plain, "lets nothing reach AWS" in words) == (403, True)
    assert "403" in tunnelled
    assert len(refused) == 1


@pytest.mark.parametrize("host", ["notamazonaws.com", "amazonaws.com.example.org", "aws.amazon.com.example.org"])
def test_names_that_only_look_like_aws_are_not_refused(egress: Egress, host: str, refused: list[str]) -> None:
    get(egress, f"http://{host}.invalid/")

    assert refused == []


def test_a_registry_that_the_users_settings_name_may_be_at_aws(tmp_path: Path, refused: list[str]) -> None:
    index = "https://aws:token@mine-111111111111.d.codeartifact.eu-west-1.amazonaws.com.invalid/pypi/mine/simple/"
    settings = {"PIP_INDEX_URL": index.replace(".invalid", "")}

    with Egress(tmp_path, refused.append, inherited=settings) as egress:
        get(egress, "http://mine-111111111111.d.codeartifact.eu-west-1.amazonaws.com:1/")
        get(egress, "http://another-111111111111.d.codeartifact.eu-west-1.amazonaws.com:1/")

    assert refused == ["another-111111111111.d.codeartifact.eu-west-1.amazonaws.com"]


@pytest.mark.parametrize("user", ["rehearsal:guess", "other:", ":"])
def test_nobody_else_gets_in(egress: Egress, site: str, user: str) -> None:
    status, words = get(egress, f"http://{site}/", user=user)

    assert (status, "a rehearsal's own" in words) == (407, True)


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.example"])
def test_a_name_that_is_none_cannot_be_reached(egress: Egress, host: str) -> None:
    status, words = get(egress, f"http://{host}/")

    assert (status, "cannot be reached" in words) == (502, True)


@pytest.mark.parametrize("request_", [b"GET / HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", b"CONNECT a:b HTTP/1.1\r\n\r\n"])
def test_what_is_no_request_to_a_proxy_is_answered_so(egress: Egress, request_: bytes) -> None:
    with connection(egress) as (opened, _):
        opened.connect()
        opened.sock.sendall(request_)
        assert opened.sock.recv(100).startswith(b"HTTP/1.1 400 ")


def test_the_users_own_proxy_is_used_but_for_what_it_is_not_for(tmp_path: Path, site: str) -> None:
    asked: list[str] = []

    def note(host: str) -> None:
        asked.append(host)

    with LoopThread() as loop:
        users = ForwardProxy(note, {})
        loop.run(users.start())
        inherited = {"http_proxy": users.url, "HTTPS_PROXY": users.url, "NO_PROXY": "localhost,.internal"}
        with Egress(tmp_path, asked.append, inherited=inherited) as egress:
            statuses = [get(egress, f"http://{site}/")[0], tunnel(egress, site)[0]]
            of_users = list(asked)
            get(egress, f"http://{site.replace('127.0.0.1', 'localhost')}/")
        loop.run(users.stop())

    assert statuses == [200, 200]
    assert set(of_users) == {"127.0.0.1"}
    assert asked == of_users


def run(command: list[str], egress: Egress, tmp_path: Path, **variables: str) -> str:
    """What a program says, in an environment as a build has it."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **CREDENTIALS, **egress.variables(), **variables}
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
    ).stdout


BOTO3 = """
import boto3, botocore.config
options = dict(endpoint_url="https://sts.eu-west-1.amazonaws.com")
config = botocore.config.Config(retries={"total_max_attempts": 1})
try:
    boto3.client("sts", config=config, **options).get_caller_identity()
except Exception as exc:
    print(type(exc).__name__)
"""
NODE = """
const https = require("https");
https.get("https://sts.amazonaws.com/").on("error", (error) => console.log(error.message));
fetch("https://s3.eu-west-1.amazonaws.com/").catch((error) => console.log((error.cause || error).message));
"""


NODE_IN_DISGUISE = """
const net = require("net");
const lookup = (_, options, done) =>
  options.all ? done(null, [{ address: "169.254.169.254", family: 4 }]) : done(null, "169.254.169.254", 4);
for (const options of [
  { host: "s3.amazonaws.com." }, { host: "::ffff:169.254.169.254" }, { host: "fd00:0ec2::254" },
  { host: "2852039166", lookup }, { host: "metadata.example", lookup, autoSelectFamily: false },
]) net.connect({ port: 80, ...options }).on("error", (error) => console.log(error.message));
"""


def test_boto3_with_an_endpoint_of_its_own_does_not_reach_aws(
    egress: Egress, tmp_path: Path, refused: list[str]
) -> None:
    said = run([sys.executable, "-c", BOTO3], egress, tmp_path)

    assert "ProxyConnectionError" in said
    assert refused == ["sts.eu-west-1.amazonaws.com"]


def test_node_does_not_reach_aws_though_it_heeds_no_proxy(egress: Egress, tmp_path: Path) -> None:
    said = run(["node", "-e", NODE], egress, tmp_path)

    assert "sts.amazonaws.com is AWS's" in said
    assert "s3.eu-west-1.amazonaws.com is AWS's" in said


def test_node_does_not_reach_aws_by_another_spelling(egress: Egress, tmp_path: Path) -> None:
    said = run(["node", "-e", NODE_IN_DISGUISE], egress, tmp_path).splitlines()

    assert len(said) == 5
    assert all("lets nothing reach AWS" in line for line in said), said


def test_node_reaches_others(egress: Egress, tmp_path: Path, site: str) -> None:
    script = f'fetch("http://{site}/x").then((answer) => answer.text()).then(console.log)'

    assert '"path": "/x"' in run(["node", "-e", script], egress, tmp_path)


def call_as_sdk_version_2(**headers: str) -> str:
    """What AWS.NodeHttpClient does."""
    sent = {"User-Agent": "aws-sdk-nodejs/2.1693.0 linux/v20.20.2", "Host": "sts.eu-west-1.amazonaws.com", **headers}
    options = {"host": "sts.eu-west-1.amazonaws.com", "method": "GET", "path": "/x", "headers": sent}
    return f"""
        const https = require("https");
        const options = {{ ...{json.dumps(options)}, agent: https.globalAgent }};
        const request = https.request(options, (answer) => answer.pipe(process.stdout));
        request.on("error", (error) => console.log(error.message)).end();
    """


def test_what_version_2_of_node_s_sdk_signs_goes_to_the_local_aws_as_it_is(
    egress: Egress, tmp_path: Path, site: str
) -> None:
    script = call_as_sdk_version_2(Authorization="AWS4-HMAC-SHA256 Credential=a")

    said = json.loads(run(["node", "-e", script], egress, tmp_path, AWS_ENDPOINT_URL=f"http://{site}"))

    assert (said["path"], said["host"]) == ("/x", "sts.eu-west-1.amazonaws.com")
    assert "authorization" in said["headers"]


@pytest.mark.parametrize(
    ("headers", "variables"),
    [
        ({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=a"}, {}),
        (
            {"Authorization": "AWS4-HMAC-SHA256 Credential=a", "User-Agent": "mine"},
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        ),
    ],
    ids=["unsigned", "where there is no local AWS", "another program"],
)
def test_what_else_names_an_aws_host_is_refused(
    headers: dict[str, str], variables: dict[str, str], egress: Egress, tmp_path: Path
) -> None:
    said = run(["node", "-e", call_as_sdk_version_2(**headers)], egress, tmp_path, **variables)

    assert "sts.eu-west-1.amazonaws.com is AWS's" in said


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_is_told_why(egress: Egress, tmp_path: Path) -> None:
    said = run(["curl", "-sS", "http://169.254.169.254/latest/meta-data/"], egress, tmp_path)

    assert "169.254.169.254 is AWS's" in said


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_no_connection_outlives_the_way_out(tmp_path: Path, site: str, seconds: float) -> None:
    """Neither one that it has just accepted, nor one that is in the middle of something."""
    for _ in range(3):
        with ExitStack() as clients, Egress(tmp_path, lambda _: None, inherited={}) as egress:
            parts = urlsplit(egress.variables()["HTTPS_PROXY"])
            authorization = basic(f"{parts.username}:{parts.password}")
            for number in range(20):
                client = clients.enter_context(socket.create_connection(("127.0.0.1", parts.port or 0)))
                if number % 2:
                    client.sendall(f"CONNECT {site} HTTP/1.1\r\nProxy-Authorization: {authorization}\r\n\r\n".encode())
            threading.Event().wait(seconds)

    gc.collect()  # a socket that nobody closed is a warning now, and a warning is an error


def test_variables_hold_nothing_of_the_users(tmp_path: Path) -> None:
    secret = "http://user:password@proxy.example:3128"
    inherited: Mapping[str, str] = {"HTTPS_PROXY": secret, "NODE_OPTIONS": "--inspect", "NO_PROXY": ".amazonaws.com"}

    with Egress(tmp_path, lambda _: None, inherited=inherited) as egress:
        text = json.dumps(egress.variables())

    assert not any(word in text for word in ("password", "proxy.example", "inspect", "amazonaws"))

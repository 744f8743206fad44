"""What measured functions run on: an AWS on loopback over TLS, and a process for each that only has its package.

It must not know what is measured, nor judge it.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.packages import Package

HERE = Path(__file__).parent
ISOLATED = ("-S", "-s", "-P")
"""Options with which Python sees the standard library and nothing else that is installed here."""


class MeasuringFailed(Exception):
    """A measured process ended, or answered what it must not; the message has its own words."""


@dataclass(frozen=True)
class Cloud:
    """A running fake AWS. `certificate` is the one that it shows, and its own authority."""

    endpoint_url: str
    certificate: str

    def put_item(self, table_name: str, item: Mapping[str, Any]) -> None:
        """Puts an item, in DynamoDB's JSON, into the table."""
        self._dynamodb("PutItem", {"TableName": table_name, "Item": item})

    def items(self, table_name: str) -> list[dict[str, Any]]:
        """The first hundred items of the table, in DynamoDB's JSON."""
        found: list[dict[str, Any]] = self._dynamodb("Scan", {"TableName": table_name})["Items"]
        return found

    def _dynamodb(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Without an SDK: nobody checks the signature."""
        request = urllib.request.Request(  # noqa: S310 - it is ours, on loopback
            self.endpoint_url,
            data=json.dumps(parameters).encode(),
            headers={"X-Amz-Target": f"DynamoDB_20120810.{operation}"},
        )
        trusting = ssl.create_default_context(cadata=self.certificate)
        with urllib.request.urlopen(request, context=trusting) as answered:  # noqa: S310
            answer: dict[str, Any] = json.load(answered)
        return answer


@contextlib.contextmanager
def cloud() -> Iterator[Cloud]:
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
        _self_signed(certificate, key)
        command = [sys.executable, str(HERE / "fake_aws.py"), str(certificate), str(key)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                port = server.stdout.readline().strip()
                if not port:
                    raise MeasuringFailed("The fake AWS did not start; its own words are above.")
                yield Cloud(f"https://127.0.0.1:{port}", certificate.read_text())
            finally:
                server.terminate()


def _self_signed(certificate: Path, key: Path) -> None:
    private_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake AWS of make bench")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private_key, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


class Machine:
    """Starts processes of one package with a Lambda function's environment."""

    def __init__(self, package: Package, cloud: Cloud, folder: Path, environment: Mapping[str, str]) -> None:
        """`folder` is for the certificates that the package's botocore trusts, and the fake AWS's beside them."""
        self._package = package
        folder.mkdir()
        ca_bundle = folder / "cacert.pem"
        ca_bundle.write_text(package.ca_bundle.read_text() + "\n" + cloud.certificate)
        self._environment = {
            **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "measured",
            "AWS_SECRET_ACCESS_KEY": "measured",
            "AWS_SESSION_TOKEN": "measured",
            "AWS_CA_BUNDLE": str(ca_bundle),
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_NAME": "measured",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "LAMBDA_TASK_ROOT": str(package.paths[0]),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_X_AMZN_TRACE_ID": "Root=1-65f1a2b3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0",
            **environment,
        }

    @contextlib.contextmanager
    def process(self) -> Iterator[MeasuredProcess]:
        command = [sys.executable, *ISOLATED, str(HERE / "worker.py"), self._package.handler]
        began = time.perf_counter()
        with subprocess.Popen(
            [*command, *map(str, self._package.paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
        ) as process:
            try:
                yield MeasuredProcess(process, began)
            finally:
                process.kill()


class MeasuredProcess:
    def __init__(self, process: subprocess.Popen[str], began: float) -> None:
        self._process = process
        self._began = began

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """What the handler answers. Raises MeasuringFailed when it raises; its traceback is on stderr."""
        return self._command({"event": event})

    def cold_start_seconds(self, event: Mapping[str, Any]) -> float:
        """From before the process was started to its first answer."""
        self.invoke(event)
        return time.perf_counter() - self._began

    def cpu_seconds(self, event: Mapping[str, Any], times: int) -> float:
        """Processor time of the function's own process, per call."""
        return float(self._command({"event": event, "times": times})["cpu_seconds"]) / times

    def wall_seconds(self, event: Mapping[str, Any], times: int) -> float:
        """Time that passes per call."""
        return float(self._command({"event": event, "times": times})["wall_seconds"]) / times

    def rss_bytes(self) -> int:
        return int(self._command({})["rss_bytes"])

    def _command(self, command: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise MeasuringFailed("A measured function raised an error; its traceback is above.")
        return json.loads(line)

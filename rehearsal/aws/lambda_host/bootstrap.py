"""The first thing that runs in a worker's process: makes Python look where Lambda's does, and starts AWS's client.

Arguments: the socket of the runtime API, the folder of the runtime's own packages, those of the layers (one argument,
parted as in PATH), then the bundle's folders in order.
The handler's name is in the environment (`_HANDLER`). On Lambda the runtime API has an address that only the function
reaches; a port of this machine is everybody's, so here it is a socket in the run's folder, with frames of its own
(runtime_api.py). All else of AWS's client is as it is. It must not import anything of this project: the worker has only
what the function has.

Source: "Using the Lambda runtime API"; awslambdaric's `lambda_runtime_client`, whose transport this stands for.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from typing import Any

_OPT = "/opt/"
_LAMBDAS_PYTHON = b"#!/var/lang/bin/python"
_LONGEST_FIRST_LINE = 200
_NEXT, _RESPONSE, _ERROR, _INIT_ERROR = b"N", b"R", b"E", b"I"
_TO_HOST = struct.Struct(">cII")
_FROM_HOST = struct.Struct(">II")


def main() -> None:
    runtime_api, runtime, layers, *bundle = sys.argv[1:]
    sys.path[:] = [*bundle, runtime, *(path for path in sys.path if path)]
    sys.argv[:] = ["awslambdaric", os.environ["_HANDLER"]]
    _find_programs_of_layers([layer for layer in layers.split(os.pathsep) if layer])
    from awslambdaric import bootstrap
    from awslambdaric.lambda_runtime_client import InvocationRequest, LambdaRuntimeClient
    from awslambdaric.lambda_runtime_marshaller import to_json

    class Client(LambdaRuntimeClient):  # type: ignore[misc]
        """AWS's client, through the socket."""

        def __init__(self) -> None:
            super().__init__(os.environ["AWS_LAMBDA_RUNTIME_API"])
            self._host = _Connection(runtime_api)

        def call_rapid(
            self, http_method: str, endpoint: str, expected_http_code: int, payload: Any = None, headers: Any = None
        ) -> None:
            """Only an error while the handler's module is loaded is told this way, where nothing is restored."""
            self._host.send(_INIT_ERROR, "", to_json(payload).encode())
            self._host.receive()  # the process ends with this: it was heard

        def wait_next_invocation(self) -> Any:
            self._host.send(_NEXT, "", b"")
            head, event = self._host.receive()
            return InvocationRequest(
                invoke_id=head["request_id"],
                x_amzn_trace_id=head["trace_id"],
                invoked_function_arn=head["function_arn"],
                deadline_time_in_ms=head["deadline_ms"],
                client_context=None,
                cognito_identity=None,
                tenant_id=None,
                content_type="application/json",
                event_body=event,
                invocation_id=None,
            )

        def post_invocation_result(
            self,
            invoke_id: str,
            result_data: str | bytes,
            content_type: str = "application/json",
            invocation_id: str | None = None,
        ) -> None:
            body = result_data if isinstance(result_data, bytes) else result_data.encode()
            self._host.send(_RESPONSE, invoke_id, body)

        def post_invocation_error(
            self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
        ) -> None:
            self._host.send(_ERROR, invoke_id, error_response_data.encode())

    bootstrap.run(os.environ["_HANDLER"], Client())


def _find_programs_of_layers(layers: list[str]) -> None:
    """/opt is no folder here: a program that is started as /opt/… is the layer's, run by this Python if by Lambda's."""
    if not layers:
        return
    start = subprocess.Popen.__init__

    def start_from_layer(process: Any, args: Any, *rest: Any, **options: Any) -> None:
        if isinstance(args, (list, tuple)) and args and str(args[0]).startswith(_OPT):
            args = [*_program(str(args[0]), layers), *args[1:], *_endpoint(str(args[0]))]
        start(process, args, *rest, **options)

    subprocess.Popen.__init__ = start_from_layer  # type: ignore[method-assign, assignment]


def _program(path: str, layers: list[str]) -> list[str]:
    found = [file for file in (os.path.join(layer, path[len(_OPT) :]) for layer in layers) if os.path.isfile(file)]  # noqa: PTH113, PTH118
    if not found:
        return [path]
    with open(found[0], "rb") as file:  # noqa: PTH123
        first_line = file.readline(_LONGEST_FIRST_LINE)
    return [sys.executable, found[0]] if first_line.startswith(_LAMBDAS_PYTHON) else [found[0]]


def _endpoint(path: str) -> list[str]:
    """For the AWS CLI: that of CDK's BucketDeployment knew no AWS_ENDPOINT_URL before the summer of 2023 (1.29)."""
    url = os.environ.get("AWS_ENDPOINT_URL")
    return ["--endpoint-url", url] if url and path.endswith("/aws") else []


class _Connection:
    """To the runtime API's socket, opened with the first word: what is imported before may fork."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def send(self, kind: bytes, request_id: str, body: bytes) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.connect(self._path)
        encoded = request_id.encode()
        self._socket.sendall(_TO_HOST.pack(kind, len(encoded), len(body)) + encoded + body)

    def receive(self) -> tuple[dict[str, Any], bytes]:
        head_length, event_length = _FROM_HOST.unpack(self._read(_FROM_HOST.size))
        head = json.loads(self._read(head_length))
        return head, self._read(event_length)

    def _read(self, length: int) -> bytes:
        assert self._socket is not None
        read = bytearray()
        while len(read) < length:
            chunk = self._socket.recv(min(length - len(read), 1 << 20))
            if not chunk:
                raise ConnectionError("The run has ended.")
            read += chunk
        return bytes(read)


if __name__ == "__main__":
    main()

"""The first thing that runs in a worker's process: makes Python look where Lambda's does, and starts AWS's client.

Arguments: the socket of the runtime API, the folder of the runtime's own packages, then the bundle's folders in order.
The handler's name is in the environment (`_HANDLER`). On Lambda the runtime API has an address that only the function
reaches; a port of this machine is everybody's, so here it is a socket in the run's folder. All else of AWS's client is
as it is. It must not import anything of this project: the worker has only what the function has.

Source: "Using the Lambda runtime API"; awslambdaric's `lambda_runtime_client`, whose transport this stands for.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
from typing import Any

_INVOCATION = "/2018-06-01/runtime/invocation"


def main() -> None:
    runtime_api, runtime, *bundle = sys.argv[1:]
    sys.path[:] = [*bundle, runtime, *(path for path in sys.path if path)]
    sys.argv[:] = ["awslambdaric", os.environ["_HANDLER"]]
    from awslambdaric import bootstrap
    from awslambdaric.lambda_runtime_client import InvocationRequest, LambdaRuntimeClient
    from awslambdaric.lambda_runtime_marshaller import to_json

    class Client(LambdaRuntimeClient):  # type: ignore[misc]
        """AWS's client, through the socket."""

        def __init__(self) -> None:
            super().__init__(os.environ["AWS_LAMBDA_RUNTIME_API"])
            self._connection = _Connection(runtime_api)

        def call_rapid(
            self, http_method: str, endpoint: str, expected_http_code: int, payload: Any = None, headers: Any = None
        ) -> None:
            body = None if http_method == "GET" else to_json(payload)
            self._ask(http_method, endpoint, body, headers or {})

        def wait_next_invocation(self) -> Any:
            headers, body = self._ask("GET", f"{_INVOCATION}/next", None, {})
            return InvocationRequest(
                invoke_id=headers.get("Lambda-Runtime-Aws-Request-Id"),
                x_amzn_trace_id=headers.get("Lambda-Runtime-Trace-Id"),
                invoked_function_arn=headers.get("Lambda-Runtime-Invoked-Function-Arn"),
                deadline_time_in_ms=int(headers["Lambda-Runtime-Deadline-Ms"]),
                client_context=headers.get("Lambda-Runtime-Client-Context"),
                cognito_identity=headers.get("Lambda-Runtime-Cognito-Identity"),
                tenant_id=headers.get("Lambda-Runtime-Aws-Tenant-Id"),
                content_type=headers.get("Content-Type"),
                event_body=body,
                invocation_id=headers.get("Lambda-Runtime-Invocation-Id"),
            )

        def post_invocation_result(
            self,
            invoke_id: str,
            result_data: str | bytes,
            content_type: str = "application/json",
            invocation_id: str | None = None,
        ) -> None:
            body = result_data if isinstance(result_data, bytes) else result_data.encode()
            self._ask("POST", f"{_INVOCATION}/{invoke_id}/response", body, {"Content-Type": content_type})

        def post_invocation_error(
            self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
        ) -> None:
            headers = {"Content-Type": "application/json"}
            self._ask("POST", f"{_INVOCATION}/{invoke_id}/error", error_response_data.encode(), headers)

        def _ask(
            self, method: str, path: str, body: Any, headers: dict[str, str]
        ) -> tuple[http.client.HTTPMessage, bytes]:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            return answer.headers, answer.read()

    bootstrap.run(os.environ["_HANDLER"], Client())


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


if __name__ == "__main__":
    main()

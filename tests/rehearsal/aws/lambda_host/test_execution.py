from __future__ import annotations

from pathlib import Path

from rehearsal.aws.lambda_host.execution import runtime_api_socket
from rehearsal.machine.unix_socket import socket_path


def test_a_workers_socket_fits_wherever_the_emulators_does() -> None:
    longest = Path("/" + "f" * (100 - len("//ministack/aws.sock")))

    assert socket_path(longest / "ministack", "aws.sock")
    assert runtime_api_socket(longest / "lambda")

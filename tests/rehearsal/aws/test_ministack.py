from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psutil
import pytest

from rehearsal.aws.ministack import MiniStack, listen
from rehearsal.errors import BadInput, EngineError
from rehearsal.machine.guardian import Guardian
from rehearsal.machine.unix_socket import UnixConnection

SIGNED = f"AWS4-HMAC-SHA256 Credential=111111111111/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature={'0' * 64}"  # noqa: E501
EU = b"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"


def ministack_in(home: Path, guardian: Guardian) -> MiniStack:
    return MiniStack(guardian, home, root_secret="secret", edge_port=4566, variables={})


def test_listen_names_the_port_when_it_is_in_use() -> None:
    with listen() as taken:
        port = taken.getsockname()[1]

        with pytest.raises(BadInput, match=f"Port {port} of 127.0.0.1"):
            listen(port)


def test_start_answers_on_its_socket_alone_and_keeps_its_files_under_home(tmp_path: Path) -> None:
    with Guardian() as guardian:
        ministack = ministack_in(tmp_path, guardian)
        ministack.start()

        with closing(UnixConnection(ministack.socket, timeout=10)) as connection:
            connection.request("PUT", "/cars", EU, {"Authorization": SIGNED})
            status = connection.getresponse().status
        listeners = [
            connection.laddr
            for process in psutil.Process().children(recursive=True)
            if f"unix:{ministack.socket}" in process.cmdline()
            for connection in process.net_connections(kind="inet")
        ]

        assert status == 200
        assert listeners == []
        assert list((tmp_path / "state").parent.iterdir())
        assert ministack.socket.stat().st_mode & 0o077 == 0
        ministack.stop()


def test_start_shows_the_end_of_the_log_when_the_emulator_ends(tmp_path: Path) -> None:
    with Guardian() as guardian:
        ministack = ministack_in(tmp_path, guardian)
        ministack.socket.mkdir()  # where a socket cannot be made

        with pytest.raises(EngineError, match=r"ended with exit code 1[\s\S]*Is a directory"):
            ministack.start()


def test_start_gives_up_at_the_deadline(tmp_path: Path) -> None:
    with Guardian() as guardian:
        ministack = ministack_in(tmp_path, guardian)

        with pytest.raises(EngineError, match="did not answer"):
            ministack.start(deadline_seconds=0)


def test_a_folder_whose_name_is_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with Guardian() as guardian, pytest.raises(BadInput, match="Set TMPDIR to a folder with a shorter name"):
        ministack_in(tmp_path / ("long" * 30), guardian)

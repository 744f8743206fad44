from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from rehearsal.aws.ministack import MiniStack, free_port, listen
from rehearsal.errors import BadInput, EngineError
from rehearsal.machine.guardian import Guardian


def test_listen_names_the_port_when_it_is_in_use() -> None:
    with listen() as taken:
        port = taken.getsockname()[1]

        with pytest.raises(BadInput, match=f"Port {port} of 127.0.0.1"):
            listen(port)


def test_start_answers_on_loopback_and_keeps_its_files_under_home(tmp_path: Path) -> None:
    with Guardian() as guardian:
        ministack = MiniStack(guardian, tmp_path, root_secret="secret")
        ministack.start()
        s3 = boto3.client(
            "s3",
            endpoint_url=ministack.url,
            region_name="eu-west-1",
            aws_access_key_id="111111111111",
            aws_secret_access_key="secret",
        )

        s3.create_bucket(Bucket="cars", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["cars"]
        assert list((tmp_path / "tmp").iterdir())
        ministack.stop()


def test_start_shows_the_end_of_the_log_when_the_port_is_in_use(tmp_path: Path) -> None:
    with Guardian() as guardian, listen() as taken:
        ministack = MiniStack(guardian, tmp_path, root_secret="secret", port=taken.getsockname()[1])

        with pytest.raises(EngineError, match=r"exit code 1[\s\S]*already in use"):
            ministack.start()


def test_start_gives_up_at_the_deadline(tmp_path: Path) -> None:
    with Guardian() as guardian:
        ministack = MiniStack(guardian, tmp_path, root_secret="secret", port=free_port())

        with pytest.raises(EngineError, match="did not answer"):
            ministack.start(deadline_seconds=0)

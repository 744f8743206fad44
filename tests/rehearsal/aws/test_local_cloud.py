from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from botocore.exceptions import BotoCoreError

from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.aws.ministack import listen
from rehearsal.errors import BadInput, EngineError
from rehearsal.machine.guardian import MARK
from tests.rehearsal.machine.test_guardian import is_running, wait_until_gone

REPOSITORY = Path(__file__).parents[3]
REGION = "eu-west-1"
RUN = """
import sys, time
from pathlib import Path
from rehearsal.aws.local_cloud import LocalCloud
home = Path(sys.argv[1])
with LocalCloud(home, cache=home / "cache", egress={}) as cloud:
    print(cloud.endpoint_url, flush=True)
    time.sleep(60)
"""


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,comm="], capture_output=True, text=True, check=True).stdout
    processes = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [int(child) for child, parent, command in processes if int(parent) == pid and command != "ps"]


def emulator(cloud: LocalCloud) -> psutil.Process:
    """The cloud's own, below its keeper where there are keepers."""
    mine = (child for child in psutil.Process().children(recursive=True) if is_of(cloud, child))
    (found,) = (process for process in mine if process.cmdline()[1:4] == ["-m", "uvicorn", "ministack.app:app"])
    return found


def is_of(cloud: LocalCloud, process: psutil.Process) -> bool:
    try:
        return process.environ().get(MARK) == cloud.guardian.mark
    except psutil.NoSuchProcess:
        return False


def queues(cloud: LocalCloud) -> list[str]:
    return cloud.clients.root("111111111111", REGION).client("sqs").list_queues().get("QueueUrls", [])


def is_answering(url: str) -> bool:
    """Whatever it says: nobody has signed."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)) as connection:
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.client.FORBIDDEN
        except ConnectionError:
            return False


def test_two_clouds_at_once_do_not_disturb_each_other_and_end_as_they_began(tmp_path: Path) -> None:
    with (
        LocalCloud(tmp_path / "one", cache=tmp_path / "cache", egress={}) as one,
        LocalCloud(tmp_path / "two", cache=tmp_path / "cache", egress={}) as two,
    ):
        one.clients.root("111111111111", REGION).client("sqs").create_queue(QueueName="only-in-one")

        assert len(queues(one)) == 1
        assert queues(two) == []

    assert not is_answering(one.endpoint_url)
    assert not is_answering(two.endpoint_url)


def test_a_second_cloud_in_the_same_home_starts_afresh(tmp_path: Path) -> None:
    for _ in range(2):
        with LocalCloud(tmp_path / "home", cache=tmp_path / "cache", egress={}) as cloud:
            assert queues(cloud) == []
            cloud.clients.root("111111111111", REGION).client("sqs").create_queue(QueueName="left-behind")


def test_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    before = children_of(os.getpid())
    with listen() as taken, pytest.raises(BadInput, match="cannot be used"):
        LocalCloud(tmp_path / "home", cache=tmp_path / "cache", egress={}, port=taken.getsockname()[1])

    assert children_of(os.getpid()) == before
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_a_killed_run(tmp_path: Path, number: signal.Signals) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path / "home")], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    with run.stdout:
        url = run.stdout.readline().strip()
    children = children_of(run.pid)
    assert is_answering(url)
    assert len(children) >= 2  # the watcher and MiniStack

    run.send_signal(number)

    assert run.wait(20) == -number
    assert all(wait_until_gone(child) for child in children)
    assert not any(is_running(child) for child in children)
    assert not is_answering(url)


def test_metrics_that_the_client_compresses_are_kept(tmp_path: Path) -> None:
    names = [f"{number}-{'m' * 200}" for number in range(200)]  # botocore compresses what has more than 10 kB
    with LocalCloud(tmp_path, cache=tmp_path / "cache", egress={}) as cloud:
        cloudwatch = cloud.clients.root("111111111111", REGION).client("cloudwatch")

        cloudwatch.put_metric_data(Namespace="Cars", MetricData=[{"MetricName": name, "Value": 1.0} for name in names])

        pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace="Cars")
        assert {metric["MetricName"] for page in pages for metric in page["Metrics"]} == set(names)


def test_the_end_of_the_emulator_ends_all_that_runs_and_is_said_with_its_log(tmp_path: Path) -> None:
    # given
    with LocalCloud(tmp_path / "home", cache=tmp_path / "cache", egress={}) as cloud:
        sqs = cloud.clients.root("111111111111", REGION).client("sqs")
        sqs.list_queues()
        build = cloud.guardian.popen(["/bin/sleep", "60"])
        cloud.failure.require_none()

        # when
        emulator(cloud).kill()

        # then
        assert build.wait(5) == -signal.SIGKILL
        with pytest.raises(EngineError, match=r"MiniStack.* has ended .*killed by SIGKILL") as failure:
            cloud.failure.require_none()
        assert str(cloud.home / "logs" / "ministack.log") in str(failure.value)
        started = time.monotonic()
        with pytest.raises(BotoCoreError, match="has ended"):
            sqs.list_queues()
        with pytest.raises(EngineError, match="has ended"):
            cloud.guardian.popen(["/bin/sleep", "60"])

    assert time.monotonic() - started < 5
    assert (tmp_path / "home" / "logs" / "ministack.log").is_file()


def test_the_end_of_the_watcher_is_a_failure_of_the_run(tmp_path: Path) -> None:
    with LocalCloud(tmp_path / "home", cache=tmp_path / "cache", egress={}) as cloud:
        build = cloud.guardian.popen(["/bin/sleep", "60"])

        cloud.guardian._watcher.kill()

        assert build.wait(5) == -signal.SIGKILL
        with pytest.raises(EngineError, match="guards this run's processes has ended"):
            cloud.failure.require_none()


def test_nothing_of_the_emulator_is_in_the_shared_temporary_folder(tmp_path: Path) -> None:
    def shared() -> set[Path]:
        return {path for folder in ("/tmp", tempfile.gettempdir()) for path in Path(folder).glob("*ministack*")}

    before = shared()
    with LocalCloud(tmp_path / "home", cache=tmp_path / "cache", egress={}) as cloud:
        root = cloud.clients.root("111111111111", REGION)
        root.client("cognito-idp").create_user_pool(PoolName="drivers")
        root.client("s3").create_bucket(Bucket="cars", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        opened = {file.path for file in emulator(cloud).open_files()}

        assert shared() - before == set()
        assert [path for path in opened if not path.startswith((str(cloud.home), "/dev"))] == []
        assert list((cloud.home / "ministack" / "state").iterdir())

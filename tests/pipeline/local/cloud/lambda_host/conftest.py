from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.local.cloud.aws_clients import AwsClients
from pipeline.local.cloud.child_environment import child_environment
from pipeline.local.cloud.clock import Clock
from pipeline.local.cloud.guardian import Guardian
from pipeline.local.cloud.lambda_host.host import LambdaHost
from pipeline.local.cloud.loop_thread import LoopThread
from pipeline.local.cloud.ministack import MiniStack
from pipeline.local.run_events import EventLog
from tests.pipeline.local.cloud.lambda_host.local_aws import LocalAws, RecordingSink


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One for all tests: each has functions of its own."""
    home: Path = tmp_path_factory.mktemp("local-aws")
    with ExitStack() as stack:
        guardian = stack.enter_context(Guardian())
        ministack = MiniStack(guardian, home)
        ministack.start()
        stack.callback(ministack.stop)
        loop = stack.enter_context(LoopThread())
        clock = Clock(speed=1000)
        stack.callback(clock.close)
        clients = AwsClients(ministack.url)
        sink = RecordingSink()
        host = LambdaHost(
            clients=clients,
            guardian=guardian,
            metrics=sink,
            clock=clock,
            event_log=EventLog(clock.now, time.time),
            loop=loop.loop,
            home=home / "lambda",
            cache=home / "cache",
            child_environment=lambda session, region: child_environment(session, region, ministack.url),
            localize=lambda text: text.replace("https://example.amazonaws.com", "http://localhost"),
        )
        stack.callback(host.close)
        yield LocalAws(ministack.url, host, host.start(), sink, clock, home)

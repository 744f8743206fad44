from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rehearsal.aws.lambda_host.host import LambdaHost
from rehearsal.machine.child_environment import child_environment
from rehearsal.machine.clock import Clock
from rehearsal.machine.guardian import Guardian
from rehearsal.machine.loop_thread import LoopThread
from rehearsal.run_events import EventLog
from tests.rehearsal.aws.edge.bare_cloud import bare_cloud
from tests.rehearsal.aws.lambda_host.fake_sdk import fake_sdk
from tests.rehearsal.aws.lambda_host.local_aws import LocalAws, RecordingSink


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One for all tests: each has functions of its own."""
    home: Path = tmp_path_factory.mktemp("local-aws")
    with ExitStack() as stack:
        cloud = stack.enter_context(bare_cloud(home))
        guardian = stack.enter_context(Guardian())
        loop = stack.enter_context(LoopThread())
        clock = Clock(speed=1000)
        stack.callback(clock.close)
        sink = RecordingSink()
        host = LambdaHost(
            clients=cloud.clients,
            guardian=guardian,
            metrics=sink,
            clock=clock,
            event_log=EventLog(clock.now, time.time),
            loop=loop.loop,
            home=home / "lambda",
            cache=home / "cache",
            child_environment=lambda session, region: child_environment(
                session, region, cloud.edge.url, base={"PATH": os.environ["PATH"]}
            ),
            download=cloud.ministack.get,
            node_sdk=fake_sdk(home / "cache"),
            localize=lambda text: text.replace("https://example.amazonaws.com", "http://localhost"),
        )
        stack.callback(host.close)
        yield LocalAws(cloud.clients, cloud.edge.url, host, host.start(), sink, clock, home)

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.event_sources.polled_aws import PolledAws

SPEED = 600.0


@pytest.fixture(scope="session")
def polled_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One for all tests: each has names of its own."""
    home = tmp_path_factory.mktemp("polled")
    with LocalCloud(home, cache=home / "cache", egress={}, speed=SPEED) as cloud:
        yield cloud


@pytest.fixture
def aws(polled_cloud: LocalCloud) -> Iterator[PolledAws]:
    aws = PolledAws(polled_cloud, polled_cloud.event_sources, polled_cloud.home)
    yield aws
    aws.unmap_all()

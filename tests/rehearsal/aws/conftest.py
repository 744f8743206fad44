from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rehearsal.aws.edge.bare_cloud import BareCloud, bare_cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareCloud]:
    """The edge in front of MiniStack, one for all tests: each test uses names of its own."""
    with bare_cloud(tmp_path_factory.mktemp("cloud")) as started:
        yield started

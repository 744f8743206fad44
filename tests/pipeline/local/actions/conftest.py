from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.local.cloud.guardian import Guardian
from tests.pipeline.local.actions.fake_context import ContextMaker


@pytest.fixture
def make_context(tmp_path: Path) -> Iterator[ContextMaker]:
    with Guardian() as guardian:
        yield ContextMaker(tmp_path, guardian)

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.machine.guardian import Guardian
from tests.rehearsal.codepipeline.actions.fake_context import ContextMaker


@pytest.fixture(scope="module")
def guardian() -> Iterator[Guardian]:
    with Guardian() as guardian:
        yield guardian


@pytest.fixture
def make_context(tmp_path: Path, guardian: Guardian) -> ContextMaker:
    return ContextMaker(tmp_path, guardian)

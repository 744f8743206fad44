from __future__ import annotations

import pytest

from tests.pipeline.local.cloud.codedeploy.fakes import World


@pytest.fixture
def world() -> World:
    return World()

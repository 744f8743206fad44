from __future__ import annotations

import pytest

from tests.rehearsal.aws.codedeploy.fakes import World


@pytest.fixture
def world() -> World:
    return World()

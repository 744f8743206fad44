from __future__ import annotations

import pytest

from tests.assembly import Assembly, Template


@pytest.fixture(params=["Staging", "Prod"])
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(stage: str, assembly: Assembly) -> Template:
    """Of the API's stack in the stage."""
    return assembly.stage_template(stage, "Api")

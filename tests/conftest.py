"""What tests of several folders share: the application, synthesized once a run, however many workers run it.

In the build not even that: `--assembly cdk.out` has the tests read what `cdk synth` wrote, which is what is released.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

from tests.assembly import Assembly
from tests.distribution import SharedOnOneWorker
from tests.example import is_at_example_place
from tests.once import made_once
from tests.properties import register_profiles

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
os.environ["CDK_VALIDATION"] = "false"  # CloudFormation's own rules take CDK five seconds to load: `cdk synth` has them

register_profiles()

_ROOT = Path(__file__).parent.parent


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharedOnOneWorker:
    return SharedOnOneWorker(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """What runs nothing of the service is not traced for its coverage, which takes time."""
    counting = coverage.Coverage.current() if item.path.is_relative_to(_ROOT / "tests" / "rehearsal") else None
    if counting is not None:
        counting.stop()
    try:
        return (yield)
    finally:
        if counting is not None:
            counting.start()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--assembly", type=Path, help="what `cdk synth` has just written; without it, the tests synthesize themselves"
    )


@pytest.fixture(scope="session")
def assembly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Assembly:
    """The cloud assembly of HEAD's sources at the tests' own place. Read it, never write to it."""
    released: Path | None = request.config.getoption("--assembly")
    if released is not None and is_at_example_place():
        return Assembly(_ROOT / released)
    return Assembly(made_once(tmp_path_factory, worker_id, "assembly", _synthesize))


@pytest.fixture(scope="session")
def with_additions(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The cloud assembly of the same sources with a sandbox configured, and an asset more in the API of each stage.

    As another version of Python makes it. All tests that ask for it are on one worker.
    """
    from tests.another_python import synthesize_with_additions

    folder = tmp_path_factory.mktemp("additions") / "cdk.out"
    synthesize_with_additions(folder)
    return Assembly(folder)


def _synthesize(folder: Path) -> None:
    from tests.synthesis import synthesize  # CDK takes seconds to import: only the worker that synthesizes pays

    synthesize(folder)

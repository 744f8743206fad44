"""What tests of several folders share: the application, synthesized once a run, however many workers run it."""

from __future__ import annotations

import fcntl
import functools
import os
import re
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.assembly import Assembly

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
os.environ["CDK_VALIDATION"] = "false"  # CloudFormation's own rules take CDK five seconds to load: `cdk synth` has them


_ROOT = Path(__file__).parent.parent
_CDK_WORDS = re.compile(r"\b(Assembly|Template|Stages|aws_cdk)\b")


class CdkOnOneWorker(LoadScopeScheduling):  # type: ignore[misc]
    """Tests that synthesize, or read what was, go to one worker: each that starts CDK pays seconds. Others go alone."""

    def _split_scope(self, nodeid: str) -> str:
        return "cdk" if _needs_cdk(nodeid.split("::", 1)[0]) else nodeid


@functools.cache
def _needs_cdk(file: str) -> bool:
    return bool(_CDK_WORDS.search((_ROOT / file).read_text()))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> CdkOnOneWorker:
    return CdkOnOneWorker(config, log)


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Assembly:
    """The cloud assembly of HEAD's sources, checked by cdk-nag on the way. Read it, never write to it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "cdk.out"
    with (shared / "synth.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "validation-report.json").exists():
            _synthesize(folder)
    return Assembly(folder)


@pytest.fixture(scope="session")
def with_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The cloud assembly of the same sources with a sandbox configured. All tests that ask for it are on one worker."""
    from tests.synthesis import synthesize_with_sandbox

    folder = tmp_path_factory.mktemp("sandbox") / "cdk.out"
    synthesize_with_sandbox(folder)
    return Assembly(folder)


def _synthesize(folder: Path) -> None:
    from tests.synthesis import synthesize  # CDK takes seconds to import: only the worker that synthesizes pays

    synthesize(folder, with_nag=True)

from __future__ import annotations

import platform

import pytest

from rehearsal.codebuild.runtimes import unmet_runtimes

HERE = platform.python_version()


@pytest.mark.parametrize("version", [HERE, HERE.rsplit(".", 1)[0], "latest", "3.x"])
def test_unmet_runtimes_says_nothing_when_the_version_is_here(version: str) -> None:
    assert unmet_runtimes({"python": version}) == []


def test_unmet_runtimes_names_the_version_asked_for_and_the_one_here() -> None:
    assert unmet_runtimes({"python": "3.1"}) == [
        f"runtime-versions asks for python 3.1; builds here run with {HERE}, this machine's."
    ]


def test_unmet_runtimes_says_when_there_is_none() -> None:
    assert unmet_runtimes({"cobol": "85"}) == ["runtime-versions asks for cobol 85; builds here do not have it."]

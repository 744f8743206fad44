from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from rehearsal.errors import BadInput
from rehearsal.machine.user_cache import require_cache, user_cache


def test_cache_is_where_xdg_says() -> None:
    assert user_cache({"XDG_CACHE_HOME": "/somewhere/else"}) == Path("/somewhere/else/rehearsal")


@pytest.mark.parametrize("environment", [{}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "not/absolute"}])
def test_cache_is_in_the_home_folder_when_xdg_says_nothing_that_counts(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert user_cache(environment) == tmp_path / ".cache" / "rehearsal"


def test_cache_is_made_for_the_user_alone_and_the_trial_leaves_nothing(tmp_path: Path) -> None:
    folder = require_cache(tmp_path / "caches" / "rehearsal")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == []


def test_cache_that_cannot_be_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BadInput, match=r"Not a directory.*XDG_CACHE_HOME"):
        require_cache(tmp_path / "file" / "rehearsal")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_cache_that_cannot_be_written_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "rehearsal").mkdir(mode=0o500)

    with pytest.raises(BadInput, match=r"Permission denied.*XDG_CACHE_HOME"):
        require_cache(tmp_path / "rehearsal")

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsal.page.browser.chromium import NoBrowser, chromium


def test_machine_without_a_browser_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with (
        pytest.raises(NoBrowser, match=r"^There is no chromium on the PATH.*apt-get install chromium chromium-driver$"),
        chromium(),
    ):
        pass

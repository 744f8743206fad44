"""The browser's tests run only when they are asked for (`make browser`): a machine may have no browser."""

from __future__ import annotations

from pathlib import Path

import pytest

BROWSER = Path(__file__).with_name("browser")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path != BROWSER:
        return None
    asked = [Path(config.invocation_params.dir, str(argument).split("::")[0]).resolve() for argument in config.args]
    return None if any(path == BROWSER or path.is_relative_to(BROWSER) for path in asked) else True

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.lambda_host.execution import Execution
from rehearsal.errors import BadInput


def test_a_folder_too_long_for_a_workers_socket_is_said_before_a_function_is_started(tmp_path: Path) -> None:
    not_reached: Any = None

    with pytest.raises(BadInput, match="too long for the address of a socket"):
        Execution(
            clients=not_reached,
            guardian=not_reached,
            bundles=not_reached,
            threads=not_reached,
            home=tmp_path / ("h" * 100),
            child_environment=not_reached,
            localize=not_reached,
            on_line=not_reached,
        )

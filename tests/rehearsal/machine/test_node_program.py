from __future__ import annotations

import os
from pathlib import Path

import pytest

from rehearsal.errors import BadInput
from rehearsal.machine.node_program import beside_node, known_options, node_program


def test_node_is_named_by_its_true_path_and_npm_is_found_beside_it() -> None:
    assert os.access(node_program(), os.X_OK)
    npm = beside_node("npm")
    assert npm is not None
    assert npm.name == "npm"
    assert beside_node("no-such-program") is None


def test_options_that_nodejs_does_not_know_are_left_out() -> None:
    assert known_options(("--max-old-space-size", "--no-such-option")) == {"--max-old-space-size"}


def test_machine_without_nodejs_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    node_program.cache_clear()  # what raises is not remembered

    with pytest.raises(BadInput, match=r"Node\.js functions need Node\.js, .* Install Node 22"):
        node_program()

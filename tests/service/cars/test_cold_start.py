"""No collection while a function's modules are imported, and collections again afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest

from service.packaging.bundling import PROJECT

BEGINS = "from service.cars import cold_start"


def test_nothing_is_collected_until_the_cold_start_is_over_and_what_was_there_stays() -> None:
    script = """
import gc
from service.cars import cold_start
assert not gc.isenabled()
assert gc.get_freeze_count() == 0
cold_start.is_over()
assert gc.isenabled()
assert gc.get_freeze_count() > 1000
"""
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True)


def those_who_begin_one() -> dict[str, list[str]]:
    """The lines of the modules that import it, by their path."""
    modules = {path.relative_to(PROJECT).as_posix(): path for path in PROJECT.glob("service/*/runtime/*.py")}
    lines = {name: path.read_text().splitlines() for name, path in modules.items()}
    return {name: found for name, found in lines.items() if BEGINS in found}


@pytest.mark.parametrize(("name", "lines"), those_who_begin_one().items())
def test_cold_start_begins_before_all_imports_and_is_over_after_them(name: str, lines: list[str]) -> None:
    future, first, *others = (number for number, line in enumerate(lines) if line.startswith(("import ", "from ")))

    assert name.endswith("/handler.py")
    assert lines[future] == "from __future__ import annotations"
    assert lines[first] == BEGINS
    assert lines.index("cold_start.is_over()") > others[-1]


def test_prober_begins_one() -> None:
    assert "service/prober/runtime/handler.py" in those_who_begin_one()

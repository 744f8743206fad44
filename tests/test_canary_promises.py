"""What config.py promises of its canaries is kept, by the odds of the templates that are released."""

from __future__ import annotations

from scripts.canary.gates import read_units
from scripts.canary.promise import broken_promises
from tests.assembly import Assembly
from tests.example import example_configuration


def test_promises_of_the_configuration_are_kept(assembly: Assembly) -> None:
    assert broken_promises(read_units(assembly.folder), example_configuration()) == []

from __future__ import annotations

from rehearsal.aws.stack_changes import StackChange, StackChanges

STACK = {"account": "1", "region": "r", "stack": "S"}


def test_a_stack_is_changed_by_whoever_changes_it_now() -> None:
    changes = StackChanges()
    change = StackChange("e1", "Prod")

    with changes.by(change, **STACK):
        during = changes.find("1", "r", "S")

    assert during == change
    assert changes.find("1", "r", "S") == StackChange()
    assert changes.find("1", "r", "Other") == StackChange()

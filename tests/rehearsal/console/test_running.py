from __future__ import annotations

from rehearsal.console.running import RunningActions
from rehearsal.run_events import (
    ActionEnded,
    ActionOutput,
    ActionStarted,
    BuildCommandStarted,
    BuildPhaseStarted,
    Status,
)


def started(action: str, provider: str = "CodeBuild") -> ActionStarted:
    return ActionStarted(execution_id="e", stage="Build", action=action, provider=provider)


def said(action: str, line: str) -> ActionOutput:
    return ActionOutput(execution_id="e", stage="Build", action=action, line=line)


def test_status_tells_phase_command_time_and_the_last_line() -> None:
    running = RunningActions()
    running.take(started("Synth"), 10.0)
    running.take(BuildPhaseStarted(execution_id="e", stage="Build", action="Synth", phase="BUILD"), 11.0)
    running.take(said("Synth", "[Container] Running command npm ci"), 12.0)
    running.take(
        BuildCommandStarted(execution_id="e", stage="Build", action="Synth", phase="BUILD", command="npm ci\nnpm test"),
        12.0,
    )
    running.take(said("Synth", "added 12 packages"), 13.0)
    running.take(said("Synth", " "), 14.0)

    statuses = [line.text for line in running.statuses(85.4, rows=8)]

    assert statuses == ["  ⋯ Build/Synth 75 s BUILD: npm ci …", "      added 12 packages"]


def test_last_line_of_one_command_is_not_shown_as_that_of_the_next() -> None:
    running = RunningActions()
    running.take(started("Synth"), 0.0)
    running.take(said("Synth", "done"), 1.0)

    running.take(
        BuildCommandStarted(execution_id="e", stage="Build", action="Synth", phase="BUILD", command="pytest"), 1.0
    )

    assert [line.text for line in running.statuses(2.0, rows=8)] == ["  ⋯ Build/Synth 2 s BUILD: pytest"]


def test_action_that_ended_is_not_shown_and_nor_is_one_that_waits_for_a_person() -> None:
    running = RunningActions()
    running.take(started("Synth"), 0.0)
    running.take(started("Approve", "Manual"), 0.0)
    running.take(
        ActionEnded(
            execution_id="e", stage="Build", action="Synth", provider="CodeBuild", status=Status.FAILED, seconds=1
        ),
        1.0,
    )

    assert running.statuses(2.0, rows=8) == []
    assert running.heartbeats(100.0, seconds=15.0) == []


def test_many_actions_get_one_line_each_and_the_rest_is_counted() -> None:
    running = RunningActions()
    for number in range(6):
        running.take(started(f"Asset{number}"), 0.0)
        running.take(said(f"Asset{number}", "publishing"), 0.0)

    statuses = [line.text for line in running.statuses(3.0, rows=4)]

    assert statuses == [
        "  ⋯ Build/Asset0 3 s",
        "  ⋯ Build/Asset1 3 s",
        "  ⋯ Build/Asset2 3 s",
        "  … and 3 more",
    ]


def test_heartbeat_comes_once_in_its_time_for_each_action() -> None:
    running = RunningActions()
    running.take(started("Synth"), 0.0)
    running.take(
        BuildCommandStarted(execution_id="e", stage="Build", action="Synth", phase="BUILD", command="x" * 500), 0.0
    )
    running.take(started("Tests"), 10.0)
    running.take(said("Synth", "compiling"), 1.0)

    beats = [[line.text for line in running.heartbeats(now, seconds=15.0)] for now in (14.0, 15.0, 16.0, 26.0, 30.0)]

    assert [len(lines) for lines in beats] == [0, 1, 0, 1, 1]
    assert beats[1][0].startswith("    … Build/Synth 15 s BUILD: xxxx")
    assert beats[1][0].endswith("x… | compiling")
    assert len(beats[1][0]) < 250
    assert beats[3] == ["    … Build/Tests 16 s"]

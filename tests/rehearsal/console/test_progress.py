from __future__ import annotations

import io

from rehearsal.console.line import Style
from rehearsal.console.printer import Printer
from rehearsal.console.progress import LAST_LINES, Progress
from rehearsal.run_events import (
    ActionEnded,
    ActionOutput,
    ActionStarted,
    AlarmChanged,
    ApprovalAnswered,
    ApprovalRequested,
    CommitRefused,
    ExecutionEnded,
    ExecutionStarted,
    PipelineMutated,
    StageEnded,
    StageStarted,
    Status,
    TrafficShifted,
)


def ended(status: Status, reason: str = "") -> ActionEnded:
    return ActionEnded(
        execution_id="e", stage="Build", action="Synth", provider="CodeBuild", status=status, seconds=3, reason=reason
    )


def test_last_lines_of_the_output_are_shown_when_an_action_fails() -> None:
    progress = Progress()
    for number in range(LAST_LINES + 5):
        assert (
            progress.lines(ActionOutput(execution_id="e", stage="Build", action="Synth", line=f"line {number}")) == []
        )

    lines = [line.text for line in progress.lines(ended(Status.FAILED, "AccessDenied: User x is not authorized"))]

    assert "      │ line 4" not in lines
    assert lines[1] == "      │ line 5"
    assert lines[-1] == "      AccessDenied: User x is not authorized"


def test_output_is_kept_back_when_an_action_succeeds() -> None:
    progress = Progress()
    progress.lines(ActionOutput(execution_id="e", stage="Build", action="Synth", line="noise"))

    (line,) = progress.lines(ended(Status.SUCCEEDED))

    assert (line.text, line.style) == ("  ✔ Synth (3 s)", Style.GOOD)


def test_traffic_weight_is_drawn_as_a_bar() -> None:
    (line,) = Progress().lines(
        TrafficShifted(deployment_id="d", function="api", aws_seconds=600.0, weight_percent=10.0)
    )

    assert line.text.strip() == "██░░░░░░░░░░░░░░░░░░  10 % on the new version, after 10 min"


def test_alarm_states_and_new_steps_of_the_pipeline_are_said() -> None:
    progress = Progress()

    (alarm,) = progress.lines(AlarmChanged(account="1", alarm="errors", old_state="OK", new_state="ALARM"))
    (mutated,) = progress.lines(PipelineMutated(version=2, added=("Staging/Smoke",)))

    assert "errors: OK → ALARM" in alarm.text
    assert "+ Staging/Smoke" in mutated.text


def test_answer_of_an_approval_says_who_gave_it() -> None:
    progress = Progress()

    said = [
        progress.lines(
            ApprovalAnswered(execution_id="e", stage="Prod", action="Go", is_approved=is_approved, by=by, summary=why)
        )
        for is_approved, by, why in [(True, "arn:boss through the API", "go"), (False, "a person on the terminal", "")]
    ]

    assert [line.text for lines in said for line in lines] == [
        "  ✔ Approved by arn:boss through the API: go",
        "  ✘ Rejected by a person on the terminal",
    ]


def test_execution_that_no_stage_ended_says_why_it_ended() -> None:
    (line,) = Progress().lines(
        ExecutionEnded(execution_id="e", status=Status.SUPERSEDED, reason="A newer one went on.")
    )

    assert line.text == "✘ Superseded: A newer one went on."


def test_verbose_progress_does_not_repeat_the_last_lines_when_an_action_fails() -> None:
    progress = Progress(is_verbose=True)

    (said,) = progress.lines(ActionOutput(execution_id="e", stage="Build", action="Synth", line="boom"))

    assert said.text == "    Synth │ boom"
    assert [line.text for line in progress.lines(ended(Status.FAILED, "no"))] == [
        "  ✘ Synth Failed (3 s)",
        "      no",
    ]


def test_quiet_progress_says_stages_and_failures_alone() -> None:
    progress = Progress(is_quiet=True)
    events = [
        StageStarted(execution_id="e", stage="Build"),
        ActionStarted(execution_id="e", stage="Build", action="Synth", provider="CodeBuild"),
        ended(Status.SUCCEEDED),
        ended(Status.FAILED, "no"),
        StageEnded(execution_id="e", stage="Build", status=Status.FAILED, seconds=3, reason="no"),
    ]

    said = [line.text for event in events for line in progress.lines(event)]

    assert said == ["  ✘ Synth Failed (3 s)", "      no", "✘ Build Failed (3 s)"]


def test_printer_writes_plain_lines_with_the_time_when_it_is_no_terminal() -> None:
    stream = io.StringIO()

    Printer(stream)(ended(Status.SUCCEEDED))

    assert stream.getvalue() == " 0:00    ✔ Synth (3 s)\n"


def test_printer_writes_colours_when_it_is_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()

    Printer(stream)(ended(Status.SUCCEEDED))

    assert "✔ Synth" in stream.getvalue()


def _started(execution_id: str, commit: str, execution_type: str = "STANDARD") -> ExecutionStarted:
    return ExecutionStarted(
        execution_id=execution_id, pipeline="P", commit=commit, trigger="WebhookV2", execution_type=execution_type
    )


def test_lines_name_their_commit_only_while_several_executions_run() -> None:
    progress = Progress()

    texts = [
        line.text
        for event in (
            _started("e1", "1111111aaaa"),
            StageStarted(execution_id="e1", stage="Build"),
            _started("e2", "2222222bbbb"),
            StageStarted(execution_id="e2", stage="Source"),
            ExecutionEnded(execution_id="e1", status=Status.SUPERSEDED, reason="A newer one went on."),
            StageStarted(execution_id="e2", stage="Build"),
        )
        for line in progress.lines(event)
        if line.text
    ]

    assert texts == [
        "Pipeline P releases commit 1111111aaaa",
        "▶ Build",
        "Pipeline P releases commit 2222222bbbb  [2222222]",
        "▶ Source  [2222222]",
        "✘ Superseded: A newer one went on.  [1111111]",
        "▶ Build",
    ]


def test_rollback_is_no_second_execution() -> None:
    progress = Progress()
    progress.lines(_started("e1", "1111111aaaa"))

    (said,) = progress.lines(_started("e2", "0000000aaaa", "ROLLBACK"))

    assert "[" not in said.text


def test_refused_commit_is_told_with_every_reason() -> None:
    lines = Progress().lines(CommitRefused(commit="1111111aaaabbbb", title="Bad", reason="one\ntwo"))

    assert [line.text for line in lines] == [
        "✘ Commit 1111111aaaab is refused, and what is deployed stays: Bad",
        "    one",
        "    two",
    ]


def test_open_question_says_how_it_is_answered_where_nobody_asks_here() -> None:
    progress = Progress(approval_hint="rehearse approve")

    lines = progress.lines(ApprovalRequested(execution_id="e", stage="Prod", action="Go", comment="Go?"))

    assert [line.text for line in lines] == ["  ? Go?", "    rehearse approve"]

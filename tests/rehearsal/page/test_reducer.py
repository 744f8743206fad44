"""What the page makes of events: its own modules, run by Node.js."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from rehearsal.page.event_json import event_json
from rehearsal.run_events import (
    AlarmChanged,
    AlarmEvaluated,
    ApprovalExpired,
    CommitRefused,
    ExecutionEnded,
    Notice,
    PipelineMutated,
    RuleEvaluated,
    RunEvent,
    StageRolledBack,
    Status,
    UpEnded,
    UpStarted,
)
from tests.rehearsal.page.story import (
    ALARM,
    BEGINNING,
    asked,
    asking_release,
    begun,
    building,
    canary,
    commit_id,
    ended,
    execution_ended,
    execution_id,
    good_release,
    passed,
    stage_ended,
    stage_started,
    started,
    stopped_canary,
    timed,
)

REDUCE = Path(__file__).with_name("reduce.mjs")


def _reduced(events: Iterable[RunEvent]) -> Any:
    numbers = count(1)
    lines = "".join(f"{event_json(event, next(numbers))}\n" for event in timed(events))
    ran = subprocess.run(["node", str(REDUCE)], input=lines, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def _stage(reduced: Any, name: str) -> Any:
    return next(stage for stage in reduced["stages"] if stage["name"] == name)


def test_release_is_followed_from_push_to_prod() -> None:
    reduced = _reduced([*BEGINNING, *good_release(1)])

    assert [(stage["name"], stage["status"]) for stage in reduced["stages"]] == [
        (name, "Succeeded") for name in ("Source", "Build", "Staging", "ApproveProd", "Prod")
    ]
    assert _stage(reduced, "Staging")["groups"] == [
        [["Database.Deploy", "Succeeded"]], [["Api.Deploy", "Succeeded"]], [["EndToEnd", "Succeeded"]],
    ]  # fmt: skip
    execution = reduced["state"]["executions"]["byId"][execution_id(1)]
    assert (execution["status"], execution["commit"], execution["author"]) == ("Succeeded", commit_id(1), "Ada")
    assert reduced["stopped"] == [None]


def test_event_that_says_nothing_new_leaves_the_state_the_same_object() -> None:
    unknown = ended(9, "Build", "Synth")
    quiet = AlarmChanged(account="222222222222", alarm=ALARM, old_state="INSUFFICIENT_DATA", new_state="OK")

    reduced = _reduced([*BEGINNING, unknown, quiet, execution_ended(9)])

    assert reduced["unchanged"] == ["ActionEnded", "AlarmChanged", "ExecutionEnded"]


def test_stage_has_the_execution_that_came_into_it_last_and_who_waits_for_it() -> None:
    first = [*begun(1), *passed(1, "Source"), *passed(1, "Build"), stage_started(1, "Staging")]
    second = [*begun(2), *passed(2, "Source"), *passed(2, "Build")]

    reduced = _reduced([*BEGINNING, *first, *second])

    assert _stage(reduced, "Build")["commit"] == commit_id(2)
    assert _stage(reduced, "Staging")["commit"] == commit_id(1)
    assert _stage(reduced, "Staging")["waiting"] == [commit_id(2)]
    assert _stage(reduced, "Prod")["waiting"] == []


def test_superseded_execution_waits_no_more() -> None:
    first = [*begun(1), *passed(1, "Source"), stage_started(1, "Build")]
    second = [*begun(2), *passed(2, "Source")]
    over = ExecutionEnded(execution_id=execution_id(2), status=Status.SUPERSEDED, reason="A newer one went on.")

    reduced = _reduced([*BEGINNING, *first, *second, over])

    assert _stage(reduced, "Build")["waiting"] == []
    assert reduced["stopped"][1]["reason"] == "A newer one went on."


def test_stopped_execution_names_stage_action_gate_and_reason_and_what_was_put_back() -> None:
    reduced = _reduced([*BEGINNING, *good_release(1), *stopped_canary(2, back_to=1)])

    stopped = reduced["stopped"][1]
    assert (stopped["stage"], stopped["action"], stopped["gate"]) == ("Staging", "Api.Deploy", "canary-alarm")
    rollback = reduced["state"]["executions"]["byId"][execution_id(2)]["rollback"]
    assert (rollback["stage"], rollback["toId"], rollback["status"]) == ("Staging", execution_id(1), "Succeeded")
    assert _stage(reduced, "Staging")["commit"] == commit_id(1)


def test_execution_that_a_person_stopped_has_their_reason() -> None:
    stopped = [
        ended(1, "Build", "Synth", Status.FAILED, reason="The build was stopped.", gate="build"),
        stage_ended(1, "Build", Status.STOPPED),
        execution_ended(1, Status.STOPPED, "The execution was stopped. Wrong branch."),
    ]

    (found,) = _reduced([*BEGINNING, *building(1), *stopped])["stopped"]

    assert (found["stage"], found["gate"], found["reason"]) == (
        "Build",
        None,
        "The execution was stopped. Wrong branch.",
    )


def test_rollback_that_could_not_be_done_says_why() -> None:
    failed = StageRolledBack(
        stage="Staging", to_execution_id=None, status=Status.FAILED, reason="Nothing yet.", execution_id=execution_id(1)
    )

    reduced = _reduced([*BEGINNING, *begun(1), failed])

    rollback = reduced["state"]["executions"]["byId"][execution_id(1)]["rollback"]
    assert (rollback["toId"], rollback["reason"]) == (None, "Nothing yet.")


def test_condition_that_stops_a_stage_is_its_reason() -> None:
    rule = RuleEvaluated(
        execution_id=execution_id(1), stage="Build", condition="BeforeEntry", rule="Quiet", provider="CloudWatchAlarm",
        status=Status.FAILED, reason="An alarm is on.",
    )  # fmt: skip

    reduced = _reduced(
        [
            *BEGINNING,
            *begun(1),
            *passed(1, "Source"),
            stage_started(1, "Build"),
            rule,
            stage_ended(1, "Build", Status.FAILED),
        ]
    )

    assert reduced["stopped"] == [
        {"stage": "Build", "action": "Quiet", "gate": "condition", "reason": "An alarm is on."}
    ]


def test_retried_stage_keeps_what_has_succeeded() -> None:
    failed = [
        started(1, "Staging", "Database.Deploy"), ended(1, "Staging", "Database.Deploy"),
        started(1, "Staging", "Api.Deploy"), ended(1, "Staging", "Api.Deploy", Status.FAILED),
        stage_ended(1, "Staging", Status.FAILED), execution_ended(1, Status.FAILED),
    ]  # fmt: skip

    _, again = begun(1)
    retried = [again, stage_started(1, "Staging")]

    reduced = _reduced([*BEGINNING, *begun(1), *passed(1, "Build"), stage_started(1, "Staging"), *failed, *retried])

    assert _stage(reduced, "Staging")["groups"] == [
        [["Database.Deploy", "Succeeded"]], [["Api.Deploy", None]], [["EndToEnd", None]],
    ]  # fmt: skip
    execution = reduced["state"]["executions"]["byId"][execution_id(1)]
    assert (execution["status"], execution["endedAt"]) == ("InProgress", None)
    assert _stage(reduced, "Build")["status"] == "Succeeded"


def test_new_up_ends_what_an_earlier_one_left_and_keeps_it_as_history() -> None:
    again = UpStarted(project="/src/car-manager", branch="main", run_id="run-2")
    alarm = AlarmChanged(account="222222222222", alarm=ALARM, old_state="OK", new_state="ALARM")

    reduced = _reduced([*BEGINNING, *asking_release(1), alarm, again])

    state = reduced["state"]
    execution = state["executions"]["byId"][execution_id(1)]
    assert execution["status"] == "Stopped"
    assert execution["progress"]["ApproveProd"]["actions"]["Approve"]["status"] == "Stopped"
    assert [stage["status"] for stage in reduced["stages"]] == [None] * 5
    assert (reduced["evidence"], state["alarms"], state["up"]["runId"]) == ([], {}, "run-2")


def test_end_of_up_is_known_with_its_reason() -> None:
    up = _reduced([*BEGINNING, UpEnded(reason="The local AWS has died.")])["state"]["up"]

    assert up["reason"] == "The local AWS has died."
    assert up["endedAt"] is not None


def test_approval_has_the_evidence_of_the_stages_before_and_what_prod_runs() -> None:
    events = [*BEGINNING, *good_release(1), *stopped_canary(2, back_to=1), *asking_release(3)]

    (evidence,) = _reduced(events)["evidence"]

    assert evidence["execution"]["commit"] == commit_id(3)
    assert (evidence["next"], evidence["current"]["commit"]) == ("Prod", commit_id(1))
    assert [commit["id"] for commit in evidence["commits"]] == [commit_id(3), commit_id(2)]
    assert [(stage["name"], [build["name"] for build in stage["builds"]]) for stage in evidence["proven"]] == [
        ("Source", []), ("Build", ["Synth"]), ("Staging", ["EndToEnd"]),
    ]  # fmt: skip


def test_first_release_asks_without_anything_to_compare() -> None:
    (evidence,) = _reduced([*BEGINNING, *asking_release(1)])["evidence"]

    assert evidence["current"] is None
    assert [commit["id"] for commit in evidence["commits"]] == [commit_id(1)]


def test_question_that_is_asked_again_is_open_again() -> None:
    expired = ApprovalExpired(execution_id=execution_id(1), stage="ApproveProd", action="Approve")

    assert _reduced([*BEGINNING, *asking_release(1), expired])["evidence"] == []
    reduced = _reduced([*BEGINNING, *asking_release(1), expired, asked(1, token="token-2")])
    assert len(reduced["evidence"]) == 1
    assert [approval["token"] for approval in reduced["state"]["approvals"].values()] == ["token-2"]


def test_canary_is_what_its_plots_and_its_table_show() -> None:
    reduced = _reduced([*BEGINNING, *begun(1), stage_started(1, "Staging"), *canary(1, minutes=4, failing_from=3)])

    (found,) = reduced["canaries"]
    assert found["calls"] == {"old": {"calls": 204, "errors": 0}, "new": {"calls": 36, "errors": 4}}
    assert [mark["label"] for mark in found["marks"]] == ["BeforeAllowTraffic", "Staging-Api-NewVersionErrors"]
    weight, calls, errors, alarm = found["plots"]
    assert (weight["x"], weight["series"][0]["values"]) == ([0, 2, 4], [10, 20, 20])
    assert [line["values"] for line in calls["series"]] == [[54, 54, 48, 48], [6, 6, 12, 12]]
    assert errors["series"][1]["values"][:3] == [0, 0, 0]
    assert alarm["state"] == "ALARM"
    assert [line["values"] for line in alarm["series"]] == [[-1.5, -1.5, -1.5, 2.5], [0, 0, 0, 0]]
    assert len(found["table"]["rows"]) == 6


def test_alarm_is_seen_only_by_the_deployment_that_watches_it() -> None:
    unwatched = AlarmEvaluated(
        account="222222222222", alarm="Another", value=1.0, threshold=0.0, comparison="", state="OK"
    )
    elsewhere = replace(unwatched, alarm=ALARM, account="333333333333")

    reduced = _reduced([*BEGINNING, *begun(1), *canary(1, minutes=2, failing_from=9), unwatched, elsewhere])

    alarms = reduced["state"]["deployments"]["d-CANARY1"]["alarms"]
    assert {alarm: len(evaluations) for alarm, evaluations in alarms.items()} == {ALARM: 2}


def test_refused_commit_is_kept_with_its_reason() -> None:
    refused = CommitRefused(commit=commit_id(7), title="breaks synth", reason="NameError")

    commit = _reduced([*BEGINNING, refused])["state"]["commits"][commit_id(7)]

    assert (commit["title"], commit["refusal"]["reason"]) == ("breaks synth", "NameError")


def test_pipeline_that_changes_itself_is_told() -> None:
    mutated = PipelineMutated(version=2, added=("Staging/Bake",), removed=("Staging/Old",))

    messages = _reduced([*BEGINNING, *building(1), mutated, Notice(text="more")])["state"]["messages"]

    assert [(message["text"], message["detail"]) for message in messages] == [
        ("The pipeline updated itself to version 2.", "+ Staging/Bake\n- Staging/Old"), ("more", ""),
    ]  # fmt: skip


def test_stages_are_divided_in_their_order_into_columns_of_about_the_same_height() -> None:
    one, two, three = _reduced([*BEGINNING])["columns"]

    assert one == [["Source", "Build", "Staging", "ApproveProd", "Prod"]]
    assert two == [["Source", "Build", "Staging"], ["ApproveProd", "Prod"]]
    assert three == [["Source", "Build"], ["Staging"], ["ApproveProd", "Prod"]]


def test_bounds_keep_the_newest() -> None:
    messages = _reduced([*BEGINNING, *(Notice(text=f"notice {number}") for number in range(250))])["state"]["messages"]

    assert [message["text"] for message in messages] == [f"notice {number}" for number in range(50, 250)]

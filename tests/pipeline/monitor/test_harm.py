"""A message says which gate stopped a release, its numbers and who was harmed: true in each case, or not known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from pipeline.executions.execution import Execution, execution_of
from pipeline.monitor.runtime.gathering import impacts_of
from pipeline.monitor.runtime.harm import GATES_OF_ACTIONS
from pipeline.monitor.runtime.news import Impacts, Message, news_of
from tests.assembly import Template
from tests.pipeline.executions.stories import APPROVAL, BEGINNING, BUILD, MINUTE, PROD, STAGING, detail, summary
from tests.pipeline.monitor.test_news import COMMIT, PLACE, event
from tests.pipeline.shifts.stage import FakeStage, info, refused, target

NOW = BEGINNING + 60 * MINUTE
TRAFFIC_FROM = BEGINNING + 32 * MINUTE
STOPPED_AT = BEGINNING + 35 * MINUTE
BACK_AT = BEGINNING + 36 * MINUTE
CALLS = {"6": (90.0, 1.0), "7": (10.0, 3.0), None: (100.0, 2.0)}
Deployment = tuple[dict[str, Any], dict[str, Any]]


def execution(*actions: tuple[str, str, str], status: str = "Failed", kind: str = "STANDARD") -> Execution:
    """Of (stage, action, status), one after another, ten minutes each; the fourth begins at half past."""
    details = [
        detail(stage, name, of_action, BEGINNING + number * 10 * MINUTE, BEGINNING + (number + 1) * 10 * MINUTE)
        for number, (stage, name, of_action) in enumerate(actions)
    ]
    told = summary("e", status, BEGINNING, BEGINNING + 50 * MINUTE, sourceRevisions=COMMIT, executionType=kind)
    return execution_of(told, details)


BUILT = ((BUILD, "Synth", "Succeeded"), (STAGING, "Api.Deploy", "Succeeded"), (APPROVAL, "Evidence", "Succeeded"))
CANARY_FAILED = execution(*BUILT, (PROD, "Api.Deploy", "Failed"))
TESTS_FAILED = execution(*BUILT, (PROD, "Api.Deploy", "Succeeded"), (PROD, "EndToEnd", "Failed"))


def halted(code: str = "ALARM_ACTIVE", *, failed: str = "", traffic_from: datetime | None = TRAFFIC_FROM) -> Deployment:
    error = {"code": code, "message": "It was halted."}
    return (
        info("d-1", "Failed" if failed else "Stopped", BEGINNING + 31 * MINUTE, STOPPED_AT, errorInformation=error),
        target("6", "7", traffic_from=traffic_from, failed=failed),
    )


def put_back(status: str = "Succeeded") -> Deployment:
    return (
        info("d-2", status, STOPPED_AT, BACK_AT, creator="codeDeployRollback"),
        target("7", "6", traffic_from=STOPPED_AT),
    )


def shifted() -> Deployment:
    return info("d-1", "Succeeded", BEGINNING + 31 * MINUTE, STOPPED_AT), target("6", "7", traffic_from=TRAFFIC_FROM)


def impacts(known: Execution, stage: FakeStage, *, now: datetime = NOW, before: Sequence[Execution] = ()) -> Impacts:
    return impacts_of(known, before, {STAGING: stage.clients, PROD: stage.clients}, now=now)


def told(known: Execution, stage: FakeStage, *, state: str = "FAILED", now: datetime = NOW) -> Message:
    message = news_of(event("codepipeline-execution-failed", state=state), known, PLACE, impacts(known, stage, now=now))
    assert message is not None
    return message


def test_canary_alarm_is_told_with_the_calls_of_both_versions_and_who_was_harmed() -> None:
    message = told(CANARY_FAILED, FakeStage([halted(), put_back()], CALLS, rang=["Prod-Api-errors"]))

    assert message.subject == "Stopped in Prod by canary-alarm: 1f5f691 Reads are quicker"
    harmed = (
        "Harmed: Prod's callers, the prober among them: 12 of 40 calls of cars-api's version 7 failed in 4 min, and "
        "its alarms went off (Prod-Api-errors); since 2026-03-02 09:36 UTC version 6 has all traffic again.\n"
    )
    assert harmed in message.text
    assert (
        "Traffic shifts in Prod:\n"
        "- cars-api, from version 6 to 7: Stopped after 4 min. Went off: Prod-Api-errors.\n"
        "  Version 7: 40 calls, 12 failed. Version 6 meanwhile: 360 calls, 4 failed.\n" in message.text
    )


def test_numbers_that_cloudwatch_may_not_have_yet_are_of_so_far() -> None:
    """A late metric is no proof that nobody was harmed."""
    message = told(CANARY_FAILED, FakeStage([halted(), put_back()], {}), now=BACK_AT + MINUTE)

    assert "CloudWatch shows no call of cars-api's version 7 in 4 min (so far: CloudWatch may be 3 min behind);" in (
        message.text
    )


def test_hook_before_traffic_harmed_nobody() -> None:
    hook = halted("HOOK_EXECUTION_FAILURE", failed="BeforeAllowTraffic", traffic_from=None)

    message = told(CANARY_FAILED, FakeStage([hook], CALLS))

    assert message.subject.startswith("Stopped in Prod by pre-traffic-hook: ")
    assert "Harmed: nobody in Prod by a new version: none got any traffic.\n" in message.text
    assert "It got no traffic." in message.text


def test_evidence_hook_is_told_as_what_it_is() -> None:
    hook = halted("HOOK_EXECUTION_FAILURE", failed="AfterAllowTraffic")

    message = told(CANARY_FAILED, FakeStage([hook, put_back()], CALLS))

    assert message.subject.startswith("Stopped in Prod by evidence-hook: ")
    assert "12 of 40 calls" in message.text


def test_version_that_could_not_be_put_back_is_said_to_be_there() -> None:
    message = told(CANARY_FAILED, FakeStage([halted(), put_back("Failed")], CALLS))

    assert "version 7 is NOT known to be put back." in message.text
    assert "(so far:" in message.text


def test_stack_that_failed_without_a_shift_is_no_canarys() -> None:
    message = told(CANARY_FAILED, FakeStage())

    assert message.subject.startswith("Stopped in Prod by deploy: ")
    assert "Harmed: not known: no traffic was shifted in Prod, but other things of it were deployed." in message.text


def test_after_a_shift_that_succeeded_harm_goes_on_until_the_stage_is_rolled_back() -> None:
    message = told(TESTS_FAILED, FakeStage([shifted()], CALLS))

    assert message.subject.startswith("Stopped in Prod by e2e: ")
    # 3 minutes of the shift with 10 calls each, and 25 minutes with all
    assert "59 of 2530 calls of cars-api's version 7 failed in 28 min (so far: " in message.text
    assert "version 7 has all traffic until it is taken back." in message.text
    assert "Version 7 with all traffic: 2500 calls, 50 failed (so far: " in message.text


def test_what_cloudformation_put_back_behind_a_good_shift_harms_no_longer() -> None:
    """Something else in the stack had failed behind the shift: no rollback of the stage need follow."""
    way_back = (
        info("d-2", "Succeeded", BACK_AT, BACK_AT + 2 * MINUTE, creator="CloudFormationRollback"),
        target("7", "6", traffic_from=BACK_AT),
    )

    message = told(CANARY_FAILED, FakeStage([shifted(), way_back], CALLS))

    assert message.subject.startswith("Stopped in Prod by deploy: ")
    # 3 minutes of the shift with 10 calls each, and 3 with all, until the way back was over
    assert (
        "15 of 330 calls of cars-api's version 7 failed in 6 min; since 2026-03-02 09:38 UTC version 6" in message.text
    )


def test_stage_that_is_retried_was_stopped_by_what_stopped_it_last() -> None:
    # given an alarm at first, and then a hook
    again = execution(*BUILT, (PROD, "Api.Deploy", "Failed"), (PROD, "Api.Deploy", "Failed"))
    hook = (
        info("d-3", "Failed", BEGINNING + 41 * MINUTE, BEGINNING + 42 * MINUTE),
        target("6", "8", traffic_from=None, failed="BeforeAllowTraffic"),
    )

    assert told(again, FakeStage([halted(), put_back(), hook], CALLS)).subject.startswith(
        "Stopped in Prod by pre-traffic-hook: "
    )
    assert told(again, FakeStage([halted(), put_back()], CALLS)).subject.startswith("Stopped in Prod by deploy: ")


def test_each_of_several_shifts_is_told() -> None:
    """One had succeeded when another one failed."""
    changes = info("d-0", "Succeeded", BEGINNING + 30 * MINUTE, TRAFFIC_FROM), target("3", "4", traffic_from=BEGINNING)

    message = told(CANARY_FAILED, FakeStage([changes, halted(), put_back()], {**CALLS, "4": (5.0, 0.0)}))

    assert message.text.count("- cars-api, from version") == 2
    assert "version 4 has all traffic until it is taken back." in message.text
    assert "version 6 has all traffic again." in message.text


def test_what_was_stopped_in_staging_harmed_nobody_in_prod() -> None:
    in_staging = execution(
        (BUILD, "Synth", "Succeeded"), (BUILD, "Test", "Succeeded"), (STAGING, "Api.Deploy", "Failed")
    )

    message = told(in_staging, StagingOnly([early(halted()), early(put_back())], CALLS))

    assert message.subject.startswith("Stopped in Staging by canary-alarm: ")
    assert "Harmed: nobody in Prod: it was stopped in Staging.\n" in message.text
    assert "There, of the prober's and the tests' calls: 12 of 40 calls" in message.text


@pytest.mark.parametrize(
    ("known", "subject", "harmed"),
    [
        (execution((BUILD, "Synth", "Failed")), "Stopped in Build by build: ", "nobody: nothing was deployed."),
        (
            execution(*BUILT, (PROD, "WayBack", "Succeeded"), (PROD, "AsApproved", "Failed")),
            "Stopped in Prod by pipeline-guard: ",
            "nobody in Prod: it was stopped before Prod was deployed.",
        ),
        (
            execution(*BUILT[:2], (APPROVAL, "Evidence", "Failed")),
            "Stopped in ApproveProd by e2e: ",
            "nobody in Prod: it was stopped in ApproveProd.",
        ),
    ],
)
def test_what_did_not_reach_prod_harmed_nobody_there(known: Execution, subject: str, harmed: str) -> None:
    message = told(known, FakeStage())

    assert message.subject.startswith(subject)
    assert f"Harmed: {harmed}\n" in message.text


def test_stage_that_cannot_be_read_loses_no_message_and_claims_nothing() -> None:
    message = told(CANARY_FAILED, FakeStage(refuses=refused("AccessDenied", "not authorized")))

    assert message.subject.startswith("Stopped in Prod by deploy: ")
    assert "Harmed: not known: CodeDeploy and CloudWatch of Prod could not be read (ClientError: " in message.text
    assert "not authorized" in message.text


def test_staging_that_cannot_be_read_is_said_to_be_unknown() -> None:
    in_staging = execution((BUILD, "Synth", "Succeeded"), (STAGING, "Api.Deploy", "Failed"))

    message = told(in_staging, FakeStage(refuses=refused("AccessDenied", "not authorized")))

    assert "Harmed: nobody in Prod: it was stopped in Staging.\n" in message.text
    assert "What it did in Staging is not known (ClientError: " in message.text


def test_person_who_stopped_it_hears_who_was_harmed() -> None:
    stopped = execution(*BUILT, (PROD, "Api.Deploy", "Abandoned"), status="Stopped")
    running = info("d-1", "InProgress", BEGINNING + 31 * MINUTE, None), target("6", "7", traffic_from=TRAFFIC_FROM)

    message = told(stopped, FakeStage([running], CALLS), state="STOPPED")

    assert message.subject.startswith("Stopped by a person: ")
    assert "84 of 280 calls of cars-api's version 7 failed in 28 min (so far: " in message.text
    assert "the shift goes on." in message.text


def test_steps_that_are_gates_of_their_own_are_the_pipelines(template: Template) -> None:
    names = {
        action["Name"]
        for stage in template.only("AWS::CodePipeline::Pipeline")["Stages"]
        for action in stage["Actions"]
    }

    assert GATES_OF_ACTIONS.keys() <= names


class StagingOnly(FakeStage):
    def _list_stack_resources(self, *, StackName: str) -> dict[str, Any]:
        return super()._list_stack_resources(StackName=StackName.replace(STAGING, PROD))


def early(deployment: Deployment) -> Deployment:
    """Ten minutes earlier, as the third action's."""
    told, made = deployment
    moved = {name: value - 10 * MINUTE if isinstance(value, datetime) else value for name, value in told.items()}
    events = [
        {**each, **({"startTime": each["startTime"] - 10 * MINUTE} if "startTime" in each else {})}
        for each in made["lifecycleEvents"]
    ]
    return moved, {**made, "lifecycleEvents": events}

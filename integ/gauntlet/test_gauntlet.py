"""Every case of the gauntlet is released for real, through the synthesized pipeline, in the local AWS.

A bad release must be stopped by the gate that is there for it, leave prod as it was, and leave the stage that it
reached on the version before.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus

import pytest

from integ.api import CarsApi
from integ.deadline import wait_until
from integ.gauntlet.case import Case, Expectation, cases
from integ.gauntlet.world import ACCOUNTS, REGION, TOOLCHAIN, leftovers_of
from rehearsal.rehearsal import Rehearsal, approve, reject
from rehearsal.report import Report, Result
from rehearsal.run_events import ActionEnded, ActionStarted, AlarmChanged, RunEvent, StageRolledBack, Status

APPROVALS = {"approve": approve, "reject": reject}
CUSTOMERS_CAR = "customers-car"
PROBE_PREFIX = "probe-"
LOOK_SECONDS = 20
"""So long a message that was looked at is out of sight, and then again in its queue."""

LONGEST_WAY_BACK_SECONDS = 600
"""So long a stage may take to go back, with its end-to-end tests and its bake: about a minute, on a quiet machine."""

AT_REST = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_release_ends_where_it_should(
    rehearsal: Rehearsal, case: Case, tabulate: Callable[[str, Report], None]
) -> None:
    # given the world before
    expected = case.expected
    before = {stage: live_code(rehearsal, stage) for stage in ACCOUNTS}
    left_before = leftovers_of(rehearsal)
    history_before = len(history(rehearsal, expected))
    set_aside_before = set_aside(rehearsal, "Staging") if expected.set_aside_at_least else set()
    events_before = len(rehearsal.cloud.event_log.events)

    # when the commit is released
    with customer(rehearsal, enters=expected.customer_enters):
        report = rehearsal.release(patch=case.patch, approval=APPROVALS[expected.approval])
    tabulate(case.name, report)

    # then it ends as it should, and says why
    assert report.result.value == expected.result, report.stopped_by
    if report.result is Result.RELEASED:
        assert expected.new_action in {action.name for stage in report.stages for action in stage.actions}
        assert set(leftovers_of(rehearsal)) <= set(left_before)  # bad ones before it may have left something
        return
    assert report.stopped_by is not None
    assert (report.stopped_by.stage, report.stopped_by.gate) == (expected.stage, expected.gate), report.stopped_by
    assert expected.reason in report.stopped_by.reason

    # and prod runs what it ran before, and nobody in it has noticed, or not for long
    events = rehearsal.cloud.event_log.events[events_before:]
    assert live_code(rehearsal, "Prod") == before["Prod"]
    if expected.stage != "Prod":
        assert report.traffic["Prod"].failed == 0
    if expected.way_back_seconds is not None:
        assert seconds_of_way_back(events) <= expected.way_back_seconds

    # and a stage that failed, too
    rollbacks = [event for event in events if isinstance(event, StageRolledBack)]
    if expected.stage in ACCOUNTS:
        (rollback,) = rollbacks
        assert rollback.stage == expected.stage
        if rollback.to_execution_id is None:  # the second bad release in a row: only what is named is gone back to
            go_back_as_told(rehearsal, rollback.reason)
        else:
            assert rollback.status is Status.SUCCEEDED
        assert live_code(rehearsal, expected.stage) == before[expected.stage]
        assert expected.stack_status in history(rehearsal, expected)[history_before:]
        harmed = report.traffic[expected.stage].failed_new_version
        assert harmed >= expected.harmed_at_least
        assert expected.harmed_at_most is None or harmed <= expected.harmed_at_most
        if expected.set_aside_at_least:
            assert len(set_aside(rehearsal, "Staging") - set_aside_before) >= expected.set_aside_at_least
    else:
        assert rollbacks == []
    assert set(stack_states(rehearsal, "Staging").values()) <= AT_REST


@contextmanager
def customer(rehearsal: Rehearsal, *, enters: str | None) -> Iterator[None]:
    """Somebody who enters a car of this model as soon as prod bakes, and takes it back when all is over."""
    if enters is None:
        yield
        return
    session = rehearsal.cloud.clients.root(ACCOUNTS["Prod"], REGION)
    (stack,) = session.client("cloudformation").describe_stacks(StackName="Prod-Api")["Stacks"]
    url = next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == "ApiUrl")
    credentials = session.get_credentials()
    assert credentials is not None
    api = CarsApi(url, region=REGION, credentials=credentials)
    entered: list[int] = []

    def enter() -> None:
        car = {"car_id": CUSTOMERS_CAR, "model": enters, "year": 2026}
        entered.append(api.request("POST", "cars", car).status_code)

    def hear(event: RunEvent) -> None:
        if isinstance(event, ActionStarted) and (event.stage, event.action) == ("Prod", "Bake") and not entered:
            threading.Thread(target=enter).start()

    rehearsal.cloud.event_log.subscribe(hear)
    yield
    assert entered == [HTTPStatus.CREATED]
    assert api.request("DELETE", f"cars/{CUSTOMERS_CAR}").status_code == HTTPStatus.NO_CONTENT


def seconds_of_way_back(events: Sequence[RunEvent]) -> float:
    """AWS seconds from prod's alarm to the moment when the API's old version has all traffic again."""
    (alarmed,) = (
        event.aws_at
        for event in events
        if isinstance(event, AlarmChanged) and event.alarm == "cars-prod-api-5xx-rate" and event.new_state == "ALARM"
    )
    back = [
        event.aws_at
        for event in events
        if isinstance(event, ActionEnded) and (event.stage, event.action) == ("Prod", "Api.Deploy")
    ]
    assert len(back) == 2  # there, and back
    return back[-1] - alarmed


def go_back_as_told(rehearsal: Rehearsal, told: str) -> None:
    """Does what the run tells to do where an automatic rollback has no target: rollback-stage, to the last release."""
    assert "a rollback cannot go back to a rollback" in told
    name, stage, target = re.findall(r"--(?:pipeline-name|stage-name|target-pipeline-execution-id) (\S+)", told)
    codepipeline = rehearsal.cloud.clients.root(TOOLCHAIN, REGION).client("codepipeline")
    begun = codepipeline.rollback_stage(pipelineName=name, stageName=stage, targetPipelineExecutionId=target)
    of_execution = {"pipelineName": name, "pipelineExecutionId": begun["pipelineExecutionId"]}

    def status() -> str:
        return str(codepipeline.get_pipeline_execution(**of_execution)["pipelineExecution"]["status"])

    # By the wall: who waits on the run's clock makes it fast, also while the stage's actions do real work.
    is_over = wait_until(lambda: status() != "InProgress", seconds=LONGEST_WAY_BACK_SECONDS)
    done = codepipeline.list_action_executions(
        pipelineName=name, filter={"pipelineExecutionId": begun["pipelineExecutionId"]}
    )["actionExecutionDetails"]
    assert is_over and status() == "Succeeded", [(action["actionName"], action["status"]) for action in done]  # noqa: PT018


def live_code(rehearsal: Rehearsal, stage: str) -> Mapping[str, str]:
    """What the alias of each of the stage's functions runs: function name to the hash of its code. One version each."""
    client = rehearsal.cloud.clients.root(ACCOUNTS[stage], REGION).client("lambda")
    live: dict[str, str] = {}
    for function in client.list_functions()["Functions"]:
        name = function["FunctionName"]
        for alias in client.list_aliases(FunctionName=name)["Aliases"]:
            assert not alias.get("RoutingConfig", {}).get("AdditionalVersionWeights"), f"{name} is still shifting"
            qualified = client.get_function_configuration(FunctionName=name, Qualifier=alias["FunctionVersion"])
            live[name] = qualified["CodeSha256"]
    return live


def set_aside(rehearsal: Rehearsal, stage: str) -> set[str]:
    """The messages in the queue of what telemetry could not read that are of the prober's cars, by their ids.

    Not those of the end-to-end tests' cars: they come and go with each run of the tests, whatever is released.
    """
    sqs = rehearsal.cloud.clients.root(ACCOUNTS[stage], REGION).client("sqs")
    (url,) = (url for url in sqs.list_queues()["QueueUrls"] if "Telemetry-SetAside" in url)
    found: dict[str, str] = {}
    while True:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=LOOK_SECONDS)
        new = {message["MessageId"]: message["Body"] for message in answer.get("Messages", [])}
        if not new.keys() - found.keys():
            break
        found |= new
    return {name for name, body in found.items() if json.loads(body)["partition_key"].startswith(PROBE_PREFIX)}


def history(rehearsal: Rehearsal, expected: Expectation) -> list[str]:
    """The statuses that the stack in question has had, the earliest first; none where no stack is."""
    if expected.stage not in ACCOUNTS:
        return []
    name = f"{expected.stage}-{expected.stack}"
    client = rehearsal.cloud.clients.root(ACCOUNTS[expected.stage], REGION).client("cloudformation")
    pages = client.get_paginator("describe_stack_events").paginate(StackName=name)
    events = [event for page in pages for event in page["StackEvents"]]
    return [event["ResourceStatus"] for event in reversed(events) if event["LogicalResourceId"] == name]


def stack_states(rehearsal: Rehearsal, stage: str) -> dict[str, str]:
    client = rehearsal.cloud.clients.root(ACCOUNTS[stage], REGION).client("cloudformation")
    stacks = client.describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in stacks if stack["StackName"].startswith(stage)}

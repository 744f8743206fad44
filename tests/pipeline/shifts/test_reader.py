"""The shifts of an execution are those of its stacks' groups while its actions ran, and what put them back."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from pipeline.executions.execution import Execution, execution_of
from pipeline.shifts.reader import SLACK, read_shifts, windows_of
from tests.pipeline.executions.stories import BEGINNING, MINUTE, PROD, STAGING, detail, summary
from tests.pipeline.shifts.stage import FakeStage, info, refused, target


def execution(*names: str, status: str = "Failed", of_last: str = "Failed") -> Execution:
    """Of actions that ran for ten minutes each, one after another."""
    details = [
        detail(PROD, name, of_last if name == names[-1] else "Succeeded", began, began + 10 * MINUTE)
        for number, name in enumerate(names)
        for began in [BEGINNING + number * 10 * MINUTE]
    ]
    return execution_of(summary("e", status, BEGINNING, BEGINNING + MINUTE), details)


def test_shifts_of_other_executions_are_left_out_and_what_put_its_own_back_is_not() -> None:
    # given one before it, its own, which was put back when its action was over, and one of the execution after it
    of_others = [
        (info(name, "Succeeded", at, at), target("5", "6", traffic_from=at))
        for name, at in (("before", BEGINNING - SLACK - MINUTE), ("after", BEGINNING + 30 * MINUTE))
    ]
    named = {"rollbackInfo": {"rollbackDeploymentId": "back"}}
    own = info("own", "Stopped", BEGINNING + MINUTE, BEGINNING + 9 * MINUTE, **named)
    back = info("back", "Succeeded", BEGINNING + 11 * MINUTE, BEGINNING + 12 * MINUTE, creator="codeDeployRollback")
    shifted = [(told, target("6", "7", traffic_from=BEGINNING)) for told in (own, back)]
    stage = FakeStage([*of_others, *shifted])

    # when
    found = read_shifts(stage.clients(), execution("Api.Deploy"), PROD)

    # then
    assert [(shift.deployment_id, shift.is_way_back) for shift in found] == [("own", False), ("back", True)]


def test_stack_without_a_deployment_group_has_no_shifts() -> None:
    at = BEGINNING + MINUTE
    stage = FakeStage([(info("d", "Succeeded", at, at), target("6", "7", traffic_from=at))])

    assert read_shifts(stage.clients(), execution("Database.Deploy"), PROD) == []


def test_many_deployments_are_asked_for_in_batches_and_once() -> None:
    at = BEGINNING + MINUTE
    stage = FakeStage(
        [(info(f"d-{number}", "Succeeded", at, at), target("6", "7", traffic_from=at)) for number in range(60)]
    )

    found = read_shifts(stage.clients(), execution("Api.Deploy"), PROD)

    assert len(found) == 60
    assert len(stage.asked) == len(set(stage.asked)) == 60


def test_action_that_runs_has_no_end_and_what_deploys_no_stack_no_window() -> None:
    running = execution("Api.Deploy", status="InProgress", of_last="InProgress")

    (window,) = windows_of(running, PROD)

    assert (window.stack, window.since, window.until) == ("Prod-Api", BEGINNING, None)
    assert windows_of(running, STAGING) == []


def test_group_of_another_application_has_no_deployments_and_another_refusal_is_raised() -> None:
    class Refusing(FakeStage):
        code = "DeploymentGroupDoesNotExistException"

        def _list_deployments(self, **_: object) -> dict[str, object]:
            raise refused(self.code)

    stage = Refusing()
    assert read_shifts(stage.clients(), execution("Api.Deploy"), PROD) == []

    stage.code = "AccessDeniedException"
    with pytest.raises(ClientError, match="AccessDenied"):
        read_shifts(stage.clients(), execution("Api.Deploy"), PROD)


def test_clocks_of_two_services_may_differ_by_a_minute() -> None:
    stage = FakeStage(
        [
            (info(name, "Succeeded", created, created), target("6", "7", traffic_from=created))
            for name, created in (("own", BEGINNING - 0.9 * MINUTE), ("other", BEGINNING - 1.1 * MINUTE))
        ]
    )

    (found,) = read_shifts(stage.clients(), execution("Api.Deploy"), PROD)

    assert found.deployment_id == "own"


def test_deployment_without_a_target_is_no_shift() -> None:
    """As one that is created at this moment."""

    class Targetless(FakeStage):
        def list_deployment_targets(self, *, deploymentId: str) -> dict[str, list[str]]:
            return {"targetIds": []}

    at = BEGINNING + MINUTE
    stage = Targetless([(info("d", "Created", at, None), target("6", "7", traffic_from=None))])

    assert read_shifts(stage.clients(), execution("Api.Deploy"), PROD) == []

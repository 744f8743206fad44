"""DORA's figures are right whatever became of the releases, and whatever the order in which they are told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import ConfigurationError
from pipeline.executions.execution import Execution
from pipeline.executions.figures import LONGEST_APPROVAL, LONGEST_EXECUTION, Figures, changes, figures
from pipeline.shifts.shift import DeploymentStatus, Shift
from tests.example import example_configuration
from tests.pipeline.executions.stories import BEGINNING, MINUTE, PROD, STAGING, STORIES, Narrator, shift, way_back_of

Story = Callable[[Narrator, int], None]
QUIET = st.sampled_from(["superseded", "fails_in_build", "rejected"])
told_stories = st.lists(st.tuples(st.sampled_from(STORIES), st.integers(1, 300)), max_size=12)


def narrated(*stories: Story) -> Narrator:
    narrator = Narrator()
    for story in stories:
        story(narrator, 10)
    return narrator


def figures_of(
    executions: list[Execution], narrator: Narrator, shifts: Mapping[str, Sequence[Shift]] | None = None
) -> Figures:
    """`shifts` are the narrator's, unless others are given."""
    return figures(
        executions,
        stage=PROD,
        since=BEGINNING - timedelta(days=1),
        until=narrator.now + MINUTE,
        shifts=narrator.shifts if shifts is None else shifts,
    )


@given(stories=told_stories, data=st.data())
def test_figures_are_what_the_stories_come_to_in_any_order_and_told_twice(
    stories: list[tuple[Story, int]], data: st.DataObject
) -> None:
    # given
    narrator = Narrator()
    for story, minutes in stories:
        story(narrator, minutes)
    told = data.draw(st.permutations([*narrator.executions, *narrator.executions[::2]]))
    shifts = {name: data.draw(st.permutations([*each, *each[::2]])) for name, each in narrator.shifts.items()}

    # when
    found = figures_of(list(told), narrator, shifts)

    # then
    assert (found.deployments, found.changes, found.failed) == (narrator.deployments, narrator.changes, narrator.failed)
    assert found.lead_time == narrator.lead_time
    assert found.time_to_restore == narrator.time_to_restore


@given(
    stories=told_stories,
    quiet=st.sampled_from(["superseded", "fails_in_build", "rejected"]),
    minutes=st.integers(1, 99),
)
def test_what_reaches_no_customer_is_no_change_of_prod(
    stories: list[tuple[Story, int]], quiet: str, minutes: int
) -> None:
    narrator = Narrator()
    for story, length in stories:
        story(narrator, length)
    before = figures_of(narrator.executions, narrator)

    getattr(narrator, quiet)(minutes)

    after = figures_of(narrator.executions, narrator)
    assert (after.deployments, after.failure_rate, after.lead_time) == (
        before.deployments,
        before.failure_rate,
        before.lead_time,
    )


def test_nothing_is_not_zero() -> None:
    found = figures([], stage=PROD, since=BEGINNING, until=BEGINNING + timedelta(days=7))

    assert found.deployments_per_week == 0
    assert (found.failure_rate, found.lead_time, found.time_to_restore) == (None, None, None)


def test_deployments_are_counted_by_the_week() -> None:
    narrator = narrated(Narrator.released, Narrator.released, Narrator.fails_in_prod)

    found = figures(narrator.executions, stage=PROD, since=BEGINNING, until=BEGINNING + timedelta(days=14))

    assert found.deployments_per_week == 1
    assert found.failure_rate == pytest.approx(1 / 3)


def test_commit_that_was_superseded_arrives_with_the_next_one() -> None:
    narrator = narrated(Narrator.superseded, Narrator.released)

    (lead,) = {figures_of(narrator.executions, narrator).lead_time}

    # written 10 minutes before 9:00 and, as the second one begins, 9:21; released at 9:52
    assert lead == timedelta(minutes=(62 + 41) / 2)


def test_restarted_execution_counts_its_commit_once_and_from_when_it_was_written() -> None:
    narrator = narrated(Narrator.changes_the_pipeline_and_is_released)

    found = figures_of(narrator.executions, narrator)

    assert (found.deployments, found.failed) == (1, 0)
    assert found.lead_time == timedelta(minutes=10 + 1 + 20 + 1 + 30)


def test_time_to_restore_begins_with_the_deployment_that_failed_and_ends_with_the_rollback() -> None:
    narrator = narrated(Narrator.released, Narrator.fails_in_prod_and_is_rolled_back)

    found = figures_of(narrator.executions, narrator)

    assert found.time_to_restore == timedelta(minutes=10 + 1 + 10)


@given(stories=told_stories)
def test_what_codedeploy_tells_moves_the_time_to_restore_alone(stories: list[tuple[Story, int]]) -> None:
    narrator = Narrator()
    for story, minutes in stories:
        story(narrator, minutes)

    seen, unseen = figures_of(narrator.executions, narrator), figures_of(narrator.executions, narrator, {})

    assert dataclasses.replace(seen, time_to_restore=None) == dataclasses.replace(unseen, time_to_restore=None)


@pytest.mark.parametrize(
    ("story", "seconds"),
    [
        (Narrator.canary_fails_in_prod, 300),  # traffic from 2.5 to 7.5 minutes after the deployment began
        (Narrator.canary_fails_in_prod_and_is_rolled_back, 300),
        (Narrator.canary_fails_in_prod_and_cannot_be_put_back, None),
        (Narrator.hook_fails_in_prod_before_traffic, None),
        (Narrator.tests_fail_in_prod_after_its_shift, None),
        (Narrator.tests_fail_in_prod_after_its_shift_and_it_is_rolled_back, 60 * (7.5 + 10 + 1 + 10)),
    ],
)
def test_time_to_restore_is_from_the_first_traffic_until_codedeploy_or_the_stage_has_put_it_back(
    story: Story, seconds: float | None
) -> None:
    narrator = narrated(Narrator.released, story)

    found = figures_of(narrator.executions, narrator)

    assert found.time_to_restore == (None if seconds is None else timedelta(seconds=seconds))
    assert found.failed == 1


def test_change_that_harmed_nobody_is_not_open() -> None:
    narrator = narrated(Narrator.hook_fails_in_prod_before_traffic)

    (change,) = changes(narrator.executions, stage=PROD, shifts=narrator.shifts)

    assert (change.is_failed, change.harmed_from) == (True, None)
    assert change.restored_at == change.began_at + 5 * MINUTE


def test_of_several_shifts_that_failed_the_last_one_that_is_put_back_restores() -> None:
    # given a second alias whose shift failed in the same stack, and was put back a minute after the first one's end
    narrator = narrated(Narrator.canary_fails_in_prod)
    (told,) = narrator.shifts.values()
    ended = told[1].ended_at
    assert ended is not None
    second = shift("e", DeploymentStatus.FAILED, told[0].created_at - MINUTE, ended, function="cars-changes")
    back = way_back_of(second, DeploymentStatus.SUCCEEDED, ended, ended + MINUTE)
    back = dataclasses.replace(back, function="cars-changes")

    # when
    both = figures_of(narrator.executions, narrator, {narrator.executions[-1].id: [*told, second, back]})
    one = figures_of(narrator.executions, narrator, {narrator.executions[-1].id: [*told, second]})

    # then
    assert both.time_to_restore == timedelta(minutes=5 + 2)
    assert one.time_to_restore is None


def test_failed_action_without_a_failed_shift_is_not_restored_by_codedeploy() -> None:
    """Another stack failed beside the one with the canary: CodeDeploy knows nothing of it."""
    narrator = narrated(Narrator.canary_fails_in_prod)
    (failed,) = narrator.executions
    (action,) = failed.actions_of(PROD)
    other = dataclasses.replace(
        action, id="other", name="Database.Deploy", configuration={"StackName": "Prod-Database"}
    )
    both = dataclasses.replace(failed, actions=(*failed.actions, other))

    assert figures_of([both], narrator).time_to_restore is None


def test_execution_that_waited_for_anothers_approval_and_for_its_own_is_read_from_its_beginning() -> None:
    """The configuration takes no approval that waits longer, and there is room for builds and deployments."""
    hours = LONGEST_APPROVAL // timedelta(hours=1)

    assert dataclasses.replace(example_configuration(), approval_timeout_hours=hours)
    with pytest.raises(ConfigurationError, match="approval_timeout_hours"):
        dataclasses.replace(example_configuration(), approval_timeout_hours=hours + 1)
    assert timedelta(days=1) <= LONGEST_EXECUTION - 2 * LONGEST_APPROVAL


def test_prod_that_is_not_restored_yet_is_a_failure_without_a_time() -> None:
    narrator = narrated(Narrator.released, Narrator.fails_in_prod)

    found = figures_of(narrator.executions, narrator)

    assert (found.failed, found.time_to_restore) == (1, None)
    assert [change.restored_at for change in changes(narrator.executions, stage=PROD)] == [None, None]


def test_rollback_that_is_over_before_the_failed_execution_takes_back_no_other() -> None:
    """The stage is rolled back while the execution that failed in it still ends."""
    narrator = narrated(Narrator.released, Narrator.fails_in_prod_and_is_rolled_back)
    good, bad, rollback = narrator.executions
    still_running = type(bad)(**{**bad.__dict__, "status": type(bad.status).IN_PROGRESS})

    found = figures_of([good, still_running, rollback], narrator)

    assert (found.changes, found.failed) == (1, 0)


def test_what_ended_outside_of_the_span_does_not_count_and_its_end_does() -> None:
    narrator = narrated(Narrator.released, Narrator.released)
    _, second = narrator.executions

    found = figures(narrator.executions, stage=PROD, since=second.started_at, until=second.updated_at)

    assert found.deployments == 1
    assert found.lead_time == second.updated_at - (second.started_at - 11 * MINUTE)


def test_what_becomes_of_a_change_behind_the_stage_is_not_the_stages() -> None:
    narrator = narrated(
        Narrator.fails_in_staging_and_is_rolled_back_there,
        Narrator.rejected,
        Narrator.superseded,
        Narrator.fails_in_prod,
        Narrator.released,
    )

    found = figures(narrator.executions, stage=STAGING, since=BEGINNING, until=narrator.now)

    assert (found.changes, found.deployments, found.failed) == (5, 4, 1)
    assert [change.is_failed for change in changes(narrator.executions, stage=STAGING)] == [True, *[False] * 4]


def test_what_was_restored_behind_the_span_was_not_restored_in_it() -> None:
    narrator = narrated(Narrator.released, Narrator.fails_in_prod_and_is_rolled_back)
    _, bad, rollback = narrator.executions

    found = figures(narrator.executions, stage=PROD, since=BEGINNING, until=rollback.updated_at - MINUTE)

    assert bad.updated_at < rollback.updated_at - MINUTE
    assert (found.failed, found.time_to_restore) == (1, None)


def test_clocks_of_two_services_make_no_time_that_is_negative() -> None:
    narrator = narrated(Narrator.released, Narrator.fails_in_prod_and_is_rolled_back)
    _, bad, rollback = narrator.executions
    late = shift("d", DeploymentStatus.SUCCEEDED, rollback.updated_at + MINUTE, None)

    found = figures(narrator.executions, stage=PROD, since=BEGINNING, until=narrator.now, shifts={bad.id: [late]})

    assert found.time_to_restore == timedelta(0)

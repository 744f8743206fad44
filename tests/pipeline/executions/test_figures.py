"""DORA's figures are right whatever became of the releases, and whatever the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.executions.execution import Execution
from pipeline.executions.figures import Figures, changes, figures
from tests.pipeline.executions.stories import BEGINNING, MINUTE, PROD, STAGING, STORIES, Narrator

Story = Callable[[Narrator, int], None]
QUIET = st.sampled_from(["superseded", "fails_in_build", "rejected"])
told_stories = st.lists(st.tuples(st.sampled_from(STORIES), st.integers(1, 300)), max_size=12)


def narrated(*stories: Story) -> Narrator:
    narrator = Narrator()
    for story in stories:
        story(narrator, 10)
    return narrator


def figures_of(executions: list[Execution], narrator: Narrator) -> Figures:
    return figures(executions, stage=PROD, since=BEGINNING - timedelta(days=1), until=narrator.now + MINUTE)


@given(stories=told_stories, data=st.data())
def test_figures_are_what_the_stories_come_to_in_any_order_and_told_twice(
    stories: list[tuple[Story, int]], data: st.DataObject
) -> None:
    # given
    narrator = Narrator()
    for story, minutes in stories:
        story(narrator, minutes)
    told = data.draw(st.permutations([*narrator.executions, *narrator.executions[::2]]))

    # when
    found = figures_of(list(told), narrator)

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

"""Answers as callers are told them: every time in them on one clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rehearsal.codepipeline.codepipeline_answers import with_times


def an_hour_ago(seconds: float) -> float:
    return seconds - 3600


def test_times_are_told_on_the_callers_clock_wherever_they_are() -> None:
    begun = datetime(2026, 3, 1, 12, tzinfo=UTC)

    told = with_times({"details": [{"startTime": begun, "status": "Succeeded"}], "count": 2}, an_hour_ago)

    assert told == {"details": [{"startTime": begun.replace(hour=11), "status": "Succeeded"}], "count": 2}


@pytest.mark.parametrize("name", ["AuthorDate", "CommitterDate"])
@pytest.mark.parametrize("date", ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"])
def test_commit_is_as_old_for_callers_as_it_is_in_aws(name: str, date: str) -> None:
    told = with_times({"output": {"outputVariables": {name: date, "CommitId": date}}}, an_hour_ago)

    assert told == {"output": {"outputVariables": {name: "2026-03-01T11:00:00Z", "CommitId": date}}}


@pytest.mark.parametrize("text", ["", "yesterday"])
def test_variable_of_that_name_that_is_no_date_is_told_as_it_is(text: str) -> None:
    assert with_times({"AuthorDate": text}, an_hour_ago) == {"AuthorDate": text}

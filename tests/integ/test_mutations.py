"""No end-to-end test passes by luck: each is run against a service that breaks what it promises, and has to fail.

That they pass against the service as it is, test_stories.py and staging find out.
"""

from __future__ import annotations

import pytest

from tests.integ.service_in_process import Service
from tests.integ.stories import collected, run, story_of
from tests.integ.table import HAS_TO_NOTICE

ROUNDS = max(map(len, HAS_TO_NOTICE.values()))


@pytest.mark.parametrize("number", range(ROUNDS))
def test_stories_notice_what_is_broken(service: Service, url: str, number: int) -> None:
    """Each story meets one of its mutations in a round, so that few runs of pytest are enough for all."""
    mutations = {story: broken[number] for story, broken in HAS_TO_NOTICE.items() if number < len(broken)}

    ran = run(service, url, mutations)

    assert ran.stories == mutations.keys(), ran.output
    not_noticed = {
        item: f"{mutations[story_of(item)].__name__}: {ran.failed.get(item, 'passed')}"
        for item in ran.items
        if not ran.failed.get(item, "").startswith("call: ")  # it may fail by itself alone, and not in its set-up
    }
    assert not_noticed == {}


def test_each_story_has_a_mutation() -> None:
    assert collected().stories == HAS_TO_NOTICE.keys()

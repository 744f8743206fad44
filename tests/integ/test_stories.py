from __future__ import annotations

from tests.integ.service_in_process import Service
from tests.integ.stories import run


def test_every_story_passes_against_the_service(service: Service, url: str) -> None:
    ran = run(service, url)

    assert ran.failed == {}, ran.output
    assert len(ran.items) > 0

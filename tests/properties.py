"""How many examples a test of a property tries: all of them in `make test`, a third in the pipeline's Build.

Each run draws others: what the many builds of a week try together is no less.
"""

from __future__ import annotations

import math

from hypothesis import HealthCheck, settings

BUILD_PROFILE = "build"
"""Of pytest's option `--hypothesis-profile`."""

_ALL = 100
_IN_THE_BUILD = 33


def register_profiles() -> None:
    # Where $CI is set, as on a build server, Hypothesis would try the same ones each time. The blob repeats a failure.
    settings.register_profile(BUILD_PROFILE, max_examples=_IN_THE_BUILD, derandomize=False, print_blob=True)


def examples(count: int = _ALL) -> settings:
    """For tests whose examples share the fixtures of the test, and may take their time."""
    share = settings().max_examples / _ALL
    return settings(
        max_examples=math.ceil(count * share),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )

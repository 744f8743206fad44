from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.aws.lambda_host.routing import Routing


@pytest.mark.parametrize(("drawn", "version"), [(0.0, "2"), (0.0999, "2"), (0.1, "1"), (0.5, "1"), (0.9999, "1")])
def test_a_draw_below_the_weight_goes_to_the_additional_version(drawn: float, version: str) -> None:
    assert Routing("1", {"2": 0.1}).choose(drawn) == version


def test_without_weights_every_draw_goes_to_the_aliases_version() -> None:
    assert {Routing("1").choose(drawn) for drawn in (0.0, 0.5, 0.999)} == {"1"}


def test_shares_follow_the_weights() -> None:
    draws = random.Random(7)

    counts = Counter(Routing("1", {"2": 0.1}).choose(draws.random()) for _ in range(10_000))

    assert 900 <= counts["2"] <= 1100


@given(weight=st.floats(0, 1), drawn=st.floats(0, 1, exclude_max=True))
def test_a_draw_always_goes_to_a_version_that_has_a_share(weight: float, drawn: float) -> None:
    chosen = Routing("1", {"2": weight}).choose(drawn)

    assert chosen == ("2" if drawn < weight else "1")


def test_an_aliases_answer_is_read_with_and_without_weights() -> None:
    weighted = {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}}}

    assert Routing.from_alias(weighted) == Routing("1", {"2": 0.25})
    assert Routing.from_alias({"FunctionVersion": "1"}) == Routing("1")
    assert Routing.from_alias({"FunctionVersion": "1", "RoutingConfig": {}}) == Routing("1")

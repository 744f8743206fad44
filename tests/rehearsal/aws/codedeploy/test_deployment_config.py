"""The predefined configurations are those of "Working with deployment configurations in CodeDeploy"."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.aws.codedeploy.deployment_config import (
    PREDEFINED,
    AllAtOnce,
    Canary,
    Linear,
    parse_traffic_routing,
    predefined,
)


def schedule_of(name: str) -> list[tuple[float, float]]:
    config = predefined(name)
    assert config is not None
    return [(step.aws_seconds, step.weight_percent) for step in config.routing.schedule()]


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("LambdaAllAtOnce", [(0, 100)]),
        ("LambdaCanary10Percent5Minutes", [(0, 10), (300, 100)]),
        ("LambdaCanary10Percent10Minutes", [(0, 10), (600, 100)]),
        ("LambdaCanary10Percent15Minutes", [(0, 10), (900, 100)]),
        ("LambdaCanary10Percent30Minutes", [(0, 10), (1800, 100)]),
        ("LambdaLinear10PercentEvery1Minute", [(60 * step, 10 * (step + 1)) for step in range(10)]),
        ("LambdaLinear10PercentEvery2Minutes", [(120 * step, 10 * (step + 1)) for step in range(10)]),
        ("LambdaLinear10PercentEvery3Minutes", [(180 * step, 10 * (step + 1)) for step in range(10)]),
        ("LambdaLinear10PercentEvery10Minutes", [(600 * step, 10 * (step + 1)) for step in range(10)]),
    ],
)
def test_a_predefined_configuration_shifts_as_documented(name: str, schedule: list[tuple[float, float]]) -> None:
    assert schedule_of(f"CodeDeployDefault.{name}") == schedule


def test_every_predefined_name_has_a_schedule_and_another_name_has_none() -> None:
    assert all(schedule_of(name)[-1][1] == 100 for name in PREDEFINED)
    assert predefined("CodeDeployDefault.LambdaCanary20Percent5Minutes") is None
    assert predefined("CodeDeployDefault.OneAtATime") is None


def test_a_linear_shift_whose_percentage_does_not_divide_100_ends_with_what_is_left() -> None:
    steps = [(step.aws_seconds, step.weight_percent) for step in Linear(30, 2).schedule()]

    assert steps == [(0, 30), (120, 60), (240, 90), (360, 100)]


@given(percent=st.integers(1, 99), minutes=st.integers(1, 29))
def test_every_schedule_starts_at_once_rises_and_ends_with_all_traffic(percent: int, minutes: int) -> None:
    for routing in (AllAtOnce(), Canary(percent, minutes), Linear(percent, minutes)):
        steps = routing.schedule()
        times, weights = [s.aws_seconds for s in steps], [s.weight_percent for s in steps]

        assert (times[0], weights[-1]) == (0, 100)
        assert times == sorted(set(times))
        assert weights == sorted(set(weights))


@pytest.mark.parametrize(
    ("config", "routing"),
    [
        ({"Type": "AllAtOnce"}, AllAtOnce()),
        (
            {"Type": "TimeBasedCanary", "TimeBasedCanary": {"CanaryInterval": "20", "CanaryPercentage": "5"}},
            Canary(5, 20),
        ),
        (
            {"Type": "TimeBasedLinear", "TimeBasedLinear": {"LinearInterval": 3, "LinearPercentage": 25}},
            Linear(25, 3),
        ),
    ],
)
def test_a_traffic_routing_config_is_read_as_cloudformation_hands_it_over(config: dict[str, Any], routing: Any) -> None:
    assert parse_traffic_routing(config) == routing


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "Type is None; allowed: AllAtOnce"),
        ({"Type": "Sudden"}, "Type is 'Sudden'"),
        ({"Type": "TimeBasedCanary"}, "TimeBasedCanary is None"),
        ({"Type": "TimeBasedCanary", "TimeBasedCanary": {"CanaryInterval": 5}}, "CanaryPercentage is None"),
        (
            {"Type": "TimeBasedCanary", "TimeBasedCanary": {"CanaryInterval": 5, "CanaryPercentage": 100}},
            "allowed is 1 to 99",
        ),
        (
            {"Type": "TimeBasedCanary", "TimeBasedCanary": {"CanaryInterval": 0, "CanaryPercentage": 10}},
            "allowed is 1 or more",
        ),
        (
            {"Type": "TimeBasedCanary", "TimeBasedCanary": {"CanaryInterval": 2881, "CanaryPercentage": 10}},
            "2880 at most",
        ),
        (
            {"Type": "TimeBasedLinear", "TimeBasedLinear": {"LinearInterval": 30, "LinearPercentage": 1}},
            "takes 2970 minutes",
        ),
    ],
)
def test_a_traffic_routing_config_is_refused_with_what_is_allowed(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_traffic_routing(config)

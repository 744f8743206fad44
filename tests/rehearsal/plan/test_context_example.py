from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.plan.context_example import context_example
from rehearsal.source.assembly import MissingContext
from rehearsal.source.settings import SETTINGS_FILE, read_settings

PROVIDERS = ("ami", "availability-zones", "hosted-zone", "security-group", "ssm", "vpc-provider")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_example_is_read_as_a_setting_for_the_key_that_is_missing(tmp_path: Path, provider: str) -> None:
    key = f'{provider}:account=111111111111:filter.tag:Name="a":region=eu-west-3'

    example = context_example(MissingContext(key=key, provider=provider))

    (tmp_path / SETTINGS_FILE).write_text(f"[context]\n{example}\n")
    assert list(read_settings(tmp_path).context) == [key]


def test_zones_are_those_of_the_region_that_is_asked_for() -> None:
    key = "availability-zones:account=111111111111:region=eu-west-3"

    assert context_example(MissingContext(key=key, provider="availability-zones")) == (
        f'"{key}" = ["eu-west-3a", "eu-west-3b", "eu-west-3c"]'
    )


def test_there_is_no_example_for_a_provider_that_is_not_known() -> None:
    assert context_example(MissingContext(key="plugin:a", provider="plugin")) is None

"""Is a new version of any unit being released right now? Then the prober travels as much as a canary needs.

It must not stop the prober: who cannot tell takes it that one is, for needless traffic costs cents, and a canary
without traffic cannot be judged.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from service.cars import aws
from service.cars.settings import ServiceName, Setting, read

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

AS_WHILE_ALL_SHIFT = {"as_while_all_shift": True}
"""An event with this has the prober travel as if new versions of all units were on, to see that it could."""

logger = Logger(service=ServiceName.PROBER)


@functools.cache
def lambda_client() -> LambdaClient:
    return aws.client("lambda")


@dataclass(frozen=True)
class Shift:
    """What is being released: the API, any of the units that events invoke."""

    of_api: bool
    of_events: bool


def shift(event: Mapping[str, Any]) -> Shift:
    """Which aliases give a share of their calls to a second version ("GetAlias", RoutingConfig)."""
    if AS_WHILE_ALL_SHIFT.items() <= event.items():
        return Shift(of_api=True, of_events=True)
    return Shift(
        of_api=_is_shifting(read(Setting.FUNCTION_NAME)),
        of_events=any(_is_shifting(name) for name in read(Setting.EVENT_FUNCTION_NAMES).split(",")),
    )


def _is_shifting(function_name: str) -> bool:
    try:
        alias = lambda_client().get_alias(FunctionName=function_name, Name=read(Setting.ALIAS_NAME))
    except (ClientError, BotoCoreError) as exc:
        logger.warning("an alias cannot be read", function=function_name, error=str(exc))
        return True
    return bool(alias.get("RoutingConfig", {}).get("AdditionalVersionWeights"))

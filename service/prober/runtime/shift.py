"""Is a new version of the API being released right now? Then the prober travels as much as a canary needs.

It must not stop the prober: who cannot tell takes it that one is, for needless traffic costs cents, and a canary
without traffic cannot be judged.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from service.cars import aws
from service.cars.settings import ServiceName, Setting, read

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

logger = Logger(service=ServiceName.PROBER)


@functools.cache
def lambda_client() -> LambdaClient:
    return aws.client("lambda")


def is_traffic_shifting() -> bool:
    """Whether the API's alias gives a share of its calls to a second version ("GetAlias", RoutingConfig)."""
    try:
        alias = lambda_client().get_alias(FunctionName=read(Setting.FUNCTION_NAME), Name=read(Setting.ALIAS_NAME))
    except (ClientError, BotoCoreError) as exc:
        logger.warning("the API's alias cannot be read", error=str(exc))
        return True
    return bool(alias.get("RoutingConfig", {}).get("AdditionalVersionWeights"))

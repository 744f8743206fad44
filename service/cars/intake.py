"""What a version of a function made of what it was sent: how much it received, and how much it refused as malformed.

To refuse is no error of Lambda's, so the canary's error alarms do not see a new version that refuses what the one
before it took. These two counts are told apart by version, and an alarm compares them (service/release/alarms.py).
"""

from __future__ import annotations

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars.settings import METRICS_NAMESPACE

RECEIVED = "ReceivedItems"
REFUSED = "RefusedItems"


def count_intake(context: LambdaContext, *, received: int, refused: int) -> None:
    """Sends both, of the function and of the version of it that runs, in the dimensions that AWS/Lambda has.

    CloudWatch takes 30 cents a month for each of these four, in the hours in which they are sent.
    """
    metrics = EphemeralMetrics(namespace=METRICS_NAMESPACE)
    metrics.add_dimension(name="FunctionName", value=context.function_name)
    metrics.add_dimensions(FunctionName=context.function_name, ExecutedVersion=context.function_version)
    metrics.add_metric(name=RECEIVED, unit=MetricUnit.Count, value=received)
    metrics.add_metric(name=REFUSED, unit=MetricUnit.Count, value=refused)
    metrics.flush_metrics()

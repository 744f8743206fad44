"""FILL: what stands in for the missing data points of a time series.

It must not know how the function is called. Source: "Functions supported for metric math", FILL. REPEAT repeats the
last value before the gap, LINEAR draws a line between the values around it; where there is none, the gap stays.
"""

from __future__ import annotations

import math
from itertools import pairwise

from rehearsal.aws.cloudwatch.metric_math.values import Points, TimeSeries


def fill(points: Points, filler: float | TimeSeries | str) -> Points:
    """`filler` is a scalar, a time series, "REPEAT" or "LINEAR"."""
    match filler:
        case "REPEAT":
            return _repeat(points)
        case "LINEAR":
            return _linear(points)
        case TimeSeries(others):
            return tuple(other if point is None else point for point, other in zip(points, others, strict=True))
        case float(scalar) if not math.isnan(scalar):
            return tuple(scalar if point is None else point for point in points)
        case _:
            return points


def _repeat(points: Points) -> Points:
    result: list[float | None] = []
    for point in points:
        result.append(point if point is not None or not result else result[-1])
    return tuple(result)


def _linear(points: Points) -> Points:
    result = list(points)
    known = [index for index, point in enumerate(points) if point is not None]
    for left, right in pairwise(known):
        start, end = points[left], points[right]
        for index in range(left + 1, right):
            if start is not None and end is not None:
                result[index] = start + (end - start) * (index - left) / (right - left)
    return tuple(result)

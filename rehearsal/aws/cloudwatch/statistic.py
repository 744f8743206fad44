"""Statistics of a period's samples: Sum, Average, Minimum, Maximum, SampleCount, the percentiles pNN, and how many or
what percentage of the samples are between two values: TC(1000:), PR(:300).

It must not know metrics or time. Source: "CloudWatch statistics definitions". Trimmed means and their like (tm, tc, ts,
wm, IQM, TM, TS, WM, and TC between percentages) are refused by name.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rehearsal.aws.cloudwatch.errors import InvalidParameter, NotSupportedHere

_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d{1,10})?)")
_BETWEEN = re.compile(r"(TC|PR)\((\d+(?:\.\d{1,10})?)?:(\d+(?:\.\d{1,10})?)?\)")
_OTHER_EXTENDED = re.compile(r"(?:tm|tc|ts|wm)\d+(?:\.\d+)?|IQM|(?:PR|TC|TM|TS|WM)\(.*\)")


@dataclass
class Samples:
    """What was measured in some minutes. `values[i]` was measured `weights[i]` times.

    A statistic set (PutMetricData's StatisticValues) of unequal values has no values: percentiles are not known then.
    """

    count: float = 0.0
    total: float = 0.0
    minimum: float = float("inf")
    maximum: float = float("-inf")
    values: array[float] = field(default_factory=lambda: array("d"))
    weights: array[float] = field(default_factory=lambda: array("d"))
    has_all_values: bool = True

    def add(self, value: float, weight: float = 1.0) -> None:
        self._widen(weight, value * weight, value, value)
        self.values.append(value)
        self.weights.append(weight)

    def add_set(self, *, count: float, total: float, minimum: float, maximum: float) -> None:
        if minimum == maximum or count == 1:
            self.add(total / count, count)
        else:
            self._widen(count, total, minimum, maximum)
            self.has_all_values = False

    def merge(self, other: Samples) -> None:
        self._widen(other.count, other.total, other.minimum, other.maximum)
        self.values.extend(other.values)
        self.weights.extend(other.weights)
        self.has_all_values = self.has_all_values and other.has_all_values

    def _widen(self, count: float, total: float, minimum: float, maximum: float) -> None:
        self.count += count
        self.total += total
        self.minimum = min(self.minimum, minimum)
        self.maximum = max(self.maximum, maximum)


@dataclass(frozen=True)
class Statistic:
    """A statistic by its name in the API. `percentile` is between 0 and 100, None for the others; `between` are the
    values above which and up to which samples count, None for the others.
    """

    name: str
    percentile: float | None = None
    between: tuple[float, float] | None = None

    def of(self, samples: Samples) -> float | None:
        """The value; None when there were no samples (or a percentile cannot be known)."""
        if samples.count <= 0:
            return None
        if self.between is not None:
            return _between(samples, *self.between, is_percentage=self.name.startswith("PR"))
        if self.percentile is None:
            return _BASIC[self.name](samples)
        return _percentile(samples, self.percentile)

    def needed_samples(self) -> float:
        """Below this many samples a percentile is not significant (EvaluateLowSampleCountPercentile).

        10/(1-percentile) from p50 on, 10/percentile below.
        """
        if self.percentile is None:
            return 0.0
        tail = min(self.percentile, 100 - self.percentile) / 100
        return 10 / tail if tail > 0 else float("inf")


def parse_statistic(name: str) -> Statistic:
    """Raises NotSupportedHere for a statistic that only AWS has, InvalidParameter for an unknown one."""
    if name in _BASIC:
        return Statistic(name)
    if (found := _PERCENTILE.fullmatch(name)) and float(found[1]) <= 100:
        return Statistic(name, float(found[1]))
    if (found := _BETWEEN.fullmatch(name)) and (found[2] or found[3]):
        return Statistic(name, between=(float(found[2] or "-inf"), float(found[3] or "inf")))
    if _OTHER_EXTENDED.fullmatch(name):
        raise NotSupportedHere(f"The statistic {name}")
    raise InvalidParameter(
        f"The statistic is {name!r}; allowed are {', '.join(_BASIC)}, percentiles such as p90, TC(a:b), PR(a:b).",
        code="InvalidParameterValue",
    )


def merged(samples: Iterable[Samples]) -> Samples:
    """All of them as one."""
    result = Samples()
    for one in samples:
        result.merge(one)
    return result


def _percentile(samples: Samples, percentile: float) -> float | None:
    """The smallest value that at least `percentile` percent of the samples do not exceed."""
    if not samples.has_all_values:
        return None
    rank = samples.count * percentile / 100
    seen = 0.0
    for value, weight in sorted(zip(samples.values, samples.weights, strict=True)):
        seen += weight
        if seen >= rank - 1e-9:
            return value
    return samples.maximum


def _between(samples: Samples, above: float, up_to: float, *, is_percentage: bool) -> float | None:
    """The lower value is exclusive, the upper one inclusive, as the page has it for PR."""
    if not samples.has_all_values:
        return None
    weights = zip(samples.values, samples.weights, strict=True)
    count = sum(weight for value, weight in weights if above < value <= up_to)
    return 100 * count / samples.count if is_percentage else count


_BASIC: dict[str, Callable[[Samples], float]] = {
    "SampleCount": lambda samples: samples.count,
    "Average": lambda samples: samples.total / samples.count,
    "Sum": lambda samples: samples.total,
    "Minimum": lambda samples: samples.minimum,
    "Maximum": lambda samples: samples.maximum,
}

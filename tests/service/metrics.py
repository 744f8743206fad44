"""What a function's output says in CloudWatch's embedded metric format (EMF), as numbers."""

from __future__ import annotations

import json

Series = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name and its dimensions, sorted by their names: what CloudWatch keeps apart."""


def sent_metrics(output: str, **dimensions: str) -> dict[str, float]:
    """The sum of each metric in the lines of `output` that has these dimensions, whatever else it has."""
    sums: dict[str, float] = {}
    for (name, given), value in sent_series(output).items():
        if dimensions.items() <= dict(given).items():
            sums[name] = sums.get(name, 0) + value
    return sums


def sent_series(output: str) -> dict[Series, float]:
    """The sum of each series in the lines of `output`; lines that are no metrics are left out."""
    sums: dict[Series, float] = {}
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        document = json.loads(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                for names in directive["Dimensions"]:
                    series = (metric["Name"], tuple((name, document[name]) for name in sorted(names)))
                    sums[series] = sums.get(series, 0) + (sum(value) if isinstance(value, list) else value)
    return sums

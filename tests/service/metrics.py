"""What a function's output says in CloudWatch's embedded metric format (EMF), as numbers."""

from __future__ import annotations

import json
from collections import Counter


def sent_metrics(output: str) -> dict[str, float]:
    """The sum of each metric in the lines of `output`; lines that are no metrics are left out."""
    sums: Counter[str] = Counter()
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        document = json.loads(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                sums[metric["Name"]] += sum(value) if isinstance(value, list) else value
    return dict(sums)

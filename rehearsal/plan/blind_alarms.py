"""Alarms that see nothing here: their metric is one of AWS's services' own, and nothing measures it in a rehearsal.

It must not judge metrics of other namespaces: the app itself may put them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rehearsal.plan.resource_standing import StoredOnly, Table, resource_table

ALARM_TYPE = "AWS::CloudWatch::Alarm"
_OF_AWS = "AWS/"


def blind_alarms(resources: Iterable[Mapping[str, Any]]) -> tuple[StoredOnly, ...]:
    """A row for the metrics that nothing measures, and one for those that are always 0; none where there are none."""
    table = resource_table()
    metrics = Counter(
        metric
        for resource in resources
        if resource.get("Type") == ALARM_TYPE
        for metric in set(_metrics(resource.get("Properties") or {}))
    )
    unmeasured = {metric: count for metric, count in metrics.items() if _is_unmeasured(metric, table)}
    zero = {metric: count for metric, count in metrics.items() if metric[1] in table.zero_metrics.get(metric[0], ())}
    rows = ((unmeasured, "nothing measures it here: it has no data"), (zero, "it is always 0 here"))
    return tuple(
        StoredOnly(what=_words(found), count=sum(found.values()), why=why, is_quiet=False)
        for found, why in rows
        if found
    )


def _is_unmeasured(metric: tuple[str, str], table: Table) -> bool:
    namespace, name = metric
    known = (*table.metrics.get(namespace, ()), *table.zero_metrics.get(namespace, ()))
    return namespace.startswith(_OF_AWS) and name not in known


def _metrics(properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Namespace and name; of an alarm on an expression, those of all that it is made of."""
    stats = [(query.get("MetricStat") or {}).get("Metric") or {} for query in properties.get("Metrics") or ()]
    for metric in (properties, *stats):
        if isinstance(metric.get("Namespace"), str) and isinstance(metric.get("MetricName"), str):
            yield metric["Namespace"], metric["MetricName"]


def _words(metrics: Mapping[tuple[str, str], int]) -> str:
    texts = [
        f"{namespace} {name}" + (f" ({count})" if count > 1 else "") for (namespace, name), count in metrics.items()
    ]
    return f"Alarm on {', '.join(texts)}"

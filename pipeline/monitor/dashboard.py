"""The pipeline's dashboard: DORA's four figures, what stands still, and the alarms on it.

The figures are those of the last DAYS, measured at every end of an execution and every quarter of an hour. It must not
define metrics: the monitor's function sends them.
"""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from pipeline.monitor.alarms import gauge
from pipeline.monitor.runtime.settings import DAYS, Metric

_WIDTH = 24


def pipeline_dashboard(
    scope: Construct, *, pipeline_name: str, alarms: Sequence[cloudwatch.IAlarm]
) -> cloudwatch.Dashboard:
    figures = {
        f"Deployments to prod a week, of {DAYS} days": Metric.DEPLOYMENTS_PER_WEEK,
        "Lead time from commit to prod, median (s)": Metric.LEAD_TIME,
        "Changes of prod that failed (%)": Metric.CHANGE_FAILURE_RATE,
        "Time to restore prod, median (s)": Metric.TIME_TO_RESTORE,
    }
    still = {
        "Longest running action (s)": Metric.ACTION_RUNNING,
        "Longest waiting approval (s)": Metric.APPROVAL_WAITING,
    }
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=f"pipeline-{pipeline_name}",
        default_interval=cdk.Duration.days(DAYS),
        widgets=[
            [
                cloudwatch.SingleValueWidget(
                    title=title, metrics=[gauge(pipeline_name, metric)], width=_WIDTH // len(figures), height=4
                )
                for title, metric in figures.items()
            ],
            [_graph(title, [gauge(pipeline_name, metric)], width=12) for title, metric in list(figures.items())[:2]],
            [_graph(title, [gauge(pipeline_name, metric)], width=12) for title, metric in list(figures.items())[2:]],
            [
                cloudwatch.AlarmStatusWidget(title="Does it stand still?", alarms=list(alarms), width=8, height=6),
                *(_graph(title, [gauge(pipeline_name, metric)], width=8) for title, metric in still.items()),
            ],
        ],
    )


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title, left=list(metrics), width=width, height=6, left_y_axis=cloudwatch.YAxisProps(min=0)
    )

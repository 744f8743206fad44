"""The metrics that SQS publishes for each queue, each AWS minute.

It reads them from MiniStack's page of all messages (one request for every account, which receives nothing), not from
GetQueueAttributes. It must not know who polls. Source: "Available CloudWatch metrics for Amazon SQS".
"""

from __future__ import annotations

import http.client
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.aws.lambda_host.metrics import MetricSink
from rehearsal.machine.clock import Clock

BEFORE_ALARMS = -100
_SENT_WITHIN_SECONDS = 1.0  # MiniStack tells whole seconds
_PAGE = "/_ministack/sqs/messages"
log = logging.getLogger(__name__)

GetPage = Callable[[str], tuple[int, bytes]]
Queues = Mapping[tuple[str, str, str], Sequence[Mapping[str, Any]]]


class QueueMetrics:
    """Publishes what `read` tells: the messages of each queue, by account, region and queue name."""

    def __init__(self, clock: Clock, metrics: MetricSink, read: Callable[[], Queues]) -> None:
        self._clock = clock
        self._metrics = metrics
        self._read = read
        clock.every_minute(self.publish, name="queue metrics", order=BEFORE_ALARMS)

    def publish(self, at: float) -> None:
        """For the AWS minute that ends at `at`."""
        try:
            queues = self._read()
        except (OSError, ValueError) as exc:
            log.warning("The queues cannot be read: %s", exc)
            return
        for (account, region, name), messages in queues.items():
            for metric, value, unit in self._values(messages, at):
                self._metrics.put_metric(
                    account, region, "AWS/SQS", metric, {"QueueName": name}, value, unit=unit, at=at - 1.0
                )

    def _values(self, messages: Sequence[Mapping[str, Any]], at: float) -> list[tuple[str, float, str]]:
        visible = [message for message in messages if message["IsVisible"]]
        hidden = [message for message in messages if not message["IsVisible"]]
        delayed = [message for message in hidden if not message["ReceiveCount"]]
        sent = [self._clock.when(message["SentTimestamp"] + _SENT_WITHIN_SECONDS) for message in messages]
        return [
            ("ApproximateNumberOfMessagesVisible", float(len(visible)), "Count"),
            ("ApproximateNumberOfMessagesNotVisible", float(len(hidden) - len(delayed)), "Count"),
            ("ApproximateNumberOfMessagesDelayed", float(len(delayed)), "Count"),
            ("ApproximateAgeOfOldestMessage", max(0.0, at - min(sent, default=at)), "Seconds"),
        ]


def read_queues(get: GetPage) -> Queues:
    """Every queue of the emulator, with its messages. Raises OSError or ValueError."""
    status, body = get(_PAGE)
    if status != http.client.OK:
        raise ValueError(f"{_PAGE} was answered with {status}")
    accounts = json.loads(body)["messages"]
    return {
        (account, region, url.rpartition("/")[2]): messages
        for account, regions in accounts.items()
        for region, queues in regions.items()
        for url, messages in queues.items()
    }

"""What is left when a run ends in the middle of things: nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.event_sources.polled_aws import PolledAws

SLOW = """
import os, time

def handle(event, context):
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write("+\\n")
    time.sleep(60)
"""


def test_a_run_ends_at_once_while_functions_work_on_batches_and_pollers_pause(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with LocalCloud(tmp_path, cache=tmp_path / "cache", egress={}) as cloud:
        aws = PolledAws(cloud, cloud.event_sources, tmp_path)
        failing, slow = aws.consumer("failing"), aws.consumer("slow")
        aws.local.publish("slow", SLOW)
        aws.client("lambda").update_alias(FunctionName="slow", Name="live", FunctionVersion="2")
        aws.client("lambda").update_function_configuration(FunctionName="slow", Timeout=30)
        stream = aws.stream("ending")
        _, queue_arn = aws.queue("ending", VisibilityTimeout="60")
        for source in (stream, queue_arn):
            aws.map(source, failing)
            aws.map(source, slow)
        aws.put(stream, "poison")
        aws.client("sqs").send_message(QueueUrl=f"{cloud.endpoint_url}/222222222222/ending", MessageBody="poison")
        aws.eventually(lambda: len(failing.batches) >= 1 and (tmp_path / "slow.jsonl").exists())
        began = time.monotonic()

    assert time.monotonic() - began < 8
    left = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith(("lane", "poll"))]
    assert [thread.name for thread in left if thread.is_alive()] == []

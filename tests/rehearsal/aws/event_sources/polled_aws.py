"""A local AWS whose sources are polled: streams, queues, functions that write down what they get, and mappings."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rehearsal.aws.event_sources.event_sources import EventSources
from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.aws.resource import ResourceRequest
from tests.rehearsal.aws.journal import entries
from tests.rehearsal.aws.lambda_host.local_aws import ACCOUNT, REGION, LocalAws, RecordingSink

EVERYTHING = {"Effect": "Allow", "Action": ["kinesis:*", "dynamodb:*", "sqs:*", "sns:*"], "Resource": "*"}
MAPPING_TYPE = "AWS::Lambda::EventSourceMapping"
# Every invocation is one line of the file JOURNAL: version, and the body of each record. A record "poison…" fails the
# invocation, or is reported when REPORTS is set; "kill…" kills the worker, once.
CONSUMER = """
import base64, json, os, signal

def body_of(record):
    if "kinesis" in record:
        return base64.b64decode(record["kinesis"]["data"]).decode()
    return record["body"] if "body" in record else record["dynamodb"]["Keys"]["id"]["S"]

def identifier_of(record):
    if "kinesis" in record:
        return record["kinesis"]["sequenceNumber"]
    return record["messageId"] if "body" in record else record["dynamodb"]["SequenceNumber"]

def handle(event, context):
    bodies = [body_of(record) for record in event["Records"]]
    failed = [record for record, body in zip(event["Records"], bodies) if body.startswith("poison")]
    line = json.dumps({"version": context.function_version, "bodies": bodies, "event": event}) + "\\n"
    with open(os.environ["JOURNAL"], "ab", buffering=0) as journal:
        journal.write(line.encode())  # at once: others may write to it meanwhile
    killed = os.environ["JOURNAL"] + ".killed"
    if any(body.startswith("kill") for body in bodies) and not os.path.exists(killed):
        open(killed, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if failed and os.environ.get("REPORTS"):
        return {"batchItemFailures": [{"itemIdentifier": identifier_of(record)} for record in failed]}
    if failed:
        raise ValueError("poison")
    return {"batchItemFailures": []}
"""


class Consumer:
    """A function behind the alias `live`, and what it got."""

    def __init__(self, aws: PolledAws, name: str, role: str | None, *, reports: bool) -> None:
        self._journal = aws.home / f"{name}.jsonl"
        variables = {"JOURNAL": str(self._journal), **({"REPORTS": "1"} if reports else {})}
        self.name = name
        aws.local.function(name, CONSUMER, role=role or aws.local.role(f"{name}-role", EVERYTHING), variables=variables)
        version = aws.local.publish(name)
        aws.cloud.lambda_host.snapshot(FunctionArn(ACCOUNT, REGION, name), version)  # as the alias's provider does
        client = aws.client("lambda")
        self.alias = str(client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)["AliasArn"])

    @property
    def invocations(self) -> list[dict[str, Any]]:
        return entries(self._journal)

    @property
    def batches(self) -> list[list[str]]:
        return [invocation["bodies"] for invocation in self.invocations]

    @property
    def bodies(self) -> list[str]:
        return [body for bodies in self.batches for body in bodies]


class PolledAws:
    def __init__(self, cloud: LocalCloud, sources: EventSources, home: Path) -> None:
        self.cloud = cloud
        self.sources = sources
        self.home = home
        self.local = LocalAws(
            cloud.clients,
            cloud.endpoint_url,
            cloud.lambda_host,
            "http://127.0.0.1:1/",
            RecordingSink(),
            cloud.clock,
            home,
        )
        self._mapped: list[ResourceRequest] = []

    def client(self, service: str) -> Any:
        return self.local.client(service)

    def consumer(self, name: str, *, role: str | None = None, reports: bool = False) -> Consumer:
        return Consumer(self, name, role, reports=reports)

    def stream(self, name: str) -> str:
        kinesis = self.client("kinesis")
        kinesis.create_stream(StreamName=name, ShardCount=1)
        return str(kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"])

    def put(self, stream: str, *bodies: str, key: Callable[[str], str] = lambda body: "key") -> None:
        records = [{"Data": body.encode(), "PartitionKey": key(body)} for body in bodies]
        self.client("kinesis").put_records(StreamARN=stream, Records=records)

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """Address and ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    def messages(self, url: str) -> list[dict[str, Any]]:
        """Takes what is in a queue, as JSON."""
        sqs = self.client("sqs")
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in received]

    def map(self, source_arn: str, consumer: Consumer, **properties: Any) -> ResourceRequest:
        """Makes a mapping as CloudFormation does; what it answers is an update or a deletion to be."""
        is_stream = ":sqs:" not in source_arn
        position = {"StartingPosition": "TRIM_HORIZON"} if is_stream else {}
        asked = request({"EventSourceArn": source_arn, "FunctionName": consumer.alias, **position, **properties})
        made = request(asked.properties, physical_id=self.sources.create(asked).physical_id)
        self._mapped.append(made)
        return made

    def unmap_all(self) -> None:
        for made in self._mapped:
            self.sources.delete(made)
        self._mapped.clear()

    def eventually(self, predicate: Callable[[], Any], *, aws_seconds: float = 24 * 3600.0) -> Any:
        """The first true answer. Meanwhile somebody waits on the clock, so that it is fast."""
        clock = self.cloud.clock
        deadline, began = time.monotonic() + 20.0, clock.now()
        found: list[Any] = []

        def too_late() -> str:
            passed = clock.now() - began
            return f"not in {passed:.0f} AWS seconds, with {found[-1:]}; unfinished: {clock.unfinished_work()}"

        def holds() -> bool:
            assert time.monotonic() < deadline, too_late()
            found.append(predicate())
            return bool(found[-1])

        assert clock.wait_until(holds, timeout=aws_seconds), too_late()
        return found[-1]

    def metric(self, namespace: str, name: str, **dimensions: str) -> list[float]:
        """The maximum of each minute that has samples."""
        now = self.cloud.clock.to_wall(self.cloud.clock.now())
        points = self.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - 24 * 3600,
            EndTime=now + 120,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        return [point["Maximum"] for point in sorted(points, key=lambda point: point["Timestamp"])]


def request(properties: Mapping[str, Any], *, physical_id: str | None = None, **changes: Any) -> ResourceRequest:
    return ResourceRequest(
        **{
            "account": ACCOUNT,
            "region": REGION,
            "stack_name": "Staging-Telemetry",
            "stack_id": "id",
            "logical_id": "Mapping",
            "resource_type": MAPPING_TYPE,
            "properties": properties,
            "physical_id": physical_id,
            **changes,
        }
    )


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:6]}"

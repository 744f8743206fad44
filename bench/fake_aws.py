"""An AWS on loopback that answers in microseconds, so that what is measured is the function and not the emulator.

DynamoDB's items are kept as they were put; conditions and update expressions are taken as met. EventBridge, SNS, SQS,
Kinesis and Secrets Manager say that all went well. It must not be taken for an emulator: what an answer costs is what
matters, not what it says.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

Body = dict[str, Any]


class FakeAws:
    """Answers of AWS's APIs by the name of the operation; a table's items are by what stands in its key `car_id`."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Body]] = defaultdict(dict)
        self._operations: dict[str, Callable[[Body], Body]] = {
            "GetItem": self._get_item,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": lambda request: {},
            "Query": self._first_items,
            "Scan": self._first_items,
            "TransactWriteItems": lambda request: {},
            "PutEvents": lambda request: {
                "FailedEntryCount": 0,
                "Entries": [{"EventId": f"event-{number}"} for number, _ in enumerate(request["Entries"])],
            },
            "SendMessage": lambda request: {"MessageId": "message", "MD5OfMessageBody": ""},
            "SendMessageBatch": lambda request: {
                "Successful": [
                    {"Id": entry["Id"], "MessageId": "message", "MD5OfMessageBody": ""} for entry in request["Entries"]
                ],
                "Failed": [],
            },
            "PutRecord": lambda request: {"ShardId": "shardId-000000000000", "SequenceNumber": "1"},
            "GetSecretValue": lambda request: {
                "ARN": "arn:aws:secretsmanager:eu-west-1:222222222222:secret:fake",
                "Name": "fake",
                "VersionId": "00000000-0000-4000-8000-000000000000",
                "SecretString": json.dumps({"current": "0123456789abcdef" * 4}),
                "VersionStages": ["AWSCURRENT"],
            },
        }

    def answer(self, operation: str, request: Body) -> Body:
        """Raises KeyError for an operation that no function of ours has called so far: add it then."""
        return self._operations[operation](request)

    def _get_item(self, request: Body) -> Body:
        item = self._tables[request["TableName"]].get(_key(request["Key"]))
        return {"Item": item} if item else {}

    def _put_item(self, request: Body) -> Body:
        self._tables[request["TableName"]].setdefault(_key(request["Item"]), request["Item"])
        return {}

    def _update_item(self, request: Body) -> Body:
        """The item as it was put: nobody measured here looks at what changed."""
        item = self._tables[request["TableName"]].get(_key(request["Key"]), request["Key"])
        return {"Attributes": item} if request.get("ReturnValues", "NONE") != "NONE" else {}

    def _first_items(self, request: Body) -> Body:
        table = self._tables[request["TableName"]]
        items = [item for item, _ in zip(table.values(), range(request.get("Limit", 100)), strict=False)]
        last = items[-1] if len(items) < len(table) else None
        if "ProjectionExpression" in request:
            names = [request["ExpressionAttributeNames"][name] for name in request["ProjectionExpression"].split(", ")]
            items = [{name: item[name] for name in names if name in item} for item in items]
        answer: Body = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
        if last is not None:
            answer["LastEvaluatedKey"] = {"car_id": last["car_id"]}
        return answer


def _key(attributes: Body) -> str:
    """What tells items apart, whatever the table's key is called."""
    return str(attributes["car_id"] if "car_id" in attributes else sorted(attributes.items())[0])


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with `Content-Length`, the connection kept open: what botocore speaks."""

    def __init__(self, aws: FakeAws) -> None:
        self._aws = aws
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        fields = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
        headers = {name.lower(): value for name, _, value in fields}
        length = int(headers.get(b"content-length", b"0"))
        if len(rest) < length:
            return
        self._received = rest[length:]
        self._transport.write(_answer(self._aws, headers.get(b"x-amz-target", b"").decode(), rest[:length]))


def _answer(aws: FakeAws, target: str, body: bytes) -> bytes:
    """JSON for APIs with a target ("DynamoDB_20120810.GetItem"), XML for the query protocol (SNS)."""
    if target:
        text = json.dumps(aws.answer(target.rpartition(".")[2], json.loads(body))).encode()
        kind = b"application/x-amz-json-1.0"
    else:
        action = parse_qs(body.decode())["Action"][0]
        result = f"<{action}Result><MessageId>message</MessageId></{action}Result>"
        text = f"<{action}Response>{result}</{action}Response>".encode()
        kind = b"text/xml"
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\nx-amz-crc32: %d\r\n"
        b"x-amzn-RequestId: 3f5c2b9e-1111-4222-8333-9a8b7c6d5e4f\r\n\r\n%b" % (kind, len(text), zlib.crc32(text), text)
    )


async def serve(certificate: Path, key: Path) -> None:
    """Writes its port as a line, then answers until it is ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    aws = FakeAws()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(aws), "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2])))

"""What the trials of the table do not reach: bounds that a call has beside its documented limit."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.limits.checks import CHECKS
from rehearsal.aws.limits.object_key import refuse_object_head
from rehearsal.aws.service_api import ApiError

KIB = 1024


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        (("sns", "Publish"), {"Message": "x", "Subject": "two\nlines"}),
        (("sqs", "SendMessage"), {"MessageBody": "x", "DelaySeconds": -1}),
        (("states", "StartExecution"), {"name": "x" * 81}),
        (("states", "StartExecution"), {"name": 'a"b'}),
        (("secretsmanager", "UpdateSecret"), {"SecretString": "ä" * 32769}),
        (("ssm", "PutParameter"), {"Value": "x" * 4097, "Tier": "Standard"}),
        (("ssm", "PutParameter"), {"Value": "x" * 8193, "Tier": "Intelligent-Tiering"}),
    ],
)
def test_it_is_refused(call: tuple[str, str], parameters: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        CHECKS[call](parameters)


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        (("sns", "Publish"), {"Message": "x", "Subject": "Grüße"}),
        (("sqs", "SendMessage"), {"MessageBody": "x", "DelaySeconds": 0}),
        (("states", "StartExecution"), {}),
        (("states", "StartExecution"), {"name": "a-b_c.ä", "input": "[1]"}),
        (("secretsmanager", "UpdateSecret"), {"Description": "only"}),
        (("ssm", "PutParameter"), {"Value": "x" * 8192, "Tier": "Intelligent-Tiering"}),
        (("dynamodb", "TransactWriteItems"), {"TransactItems": [{"Put": {}}, {"ConditionCheck": {}}]}),
    ],
)
def test_it_passes(call: tuple[str, str], parameters: dict[str, Any]) -> None:
    CHECKS[call](parameters)


def test_the_attributes_of_a_batch_to_a_topic_count() -> None:
    attribute = {"DataType": "String", "StringValue": "x" * 100}
    entry: dict[str, Any] = {"Id": "a", "Message": "x" * (256 * KIB - 107), "MessageAttributes": {"n": attribute}}

    CHECKS["sns", "PublishBatch"]({"PublishBatchRequestEntries": [entry]})
    with pytest.raises(ApiError, match="BatchRequestTooLong"):
        CHECKS["sns", "PublishBatch"]({"PublishBatchRequestEntries": [{**entry, "Message": entry["Message"] + "x"}]})


def test_only_what_writes_an_object_has_a_key_and_metadata_to_look_at() -> None:
    key, metadata = "/bucket/" + "x" * 1025, {"x-amz-meta-a": "x" * 2048}

    refuse_object_head("GET", key, metadata)
    refuse_object_head("PUT", "/bucket", {})
    refuse_object_head("PUT", "/bucket/" + "%C3%A9" * 512 + "?tagging", {})
    with pytest.raises(ApiError, match="KeyTooLongError"):
        refuse_object_head("POST", key + "?uploads", {})

from __future__ import annotations

from datetime import UTC, datetime

from rehearsal.aws.event_sources.records import dynamodb_record

ARN = "arn:aws:dynamodb:eu-west-1:222222222222:table/cars/stream/1"


def test_bytes_of_an_item_are_base64_texts_however_deep_they_are() -> None:
    image = {
        "id": {"S": "a"},
        "b": {"B": b"\x00"},
        "bs": {"BS": [b"\x00", b"\x01"]},
        "m": {"M": {"l": {"L": [{"B": b"\x01"}, {"NULL": True}]}}},
    }
    change = {
        "ApproximateCreationDateTime": datetime(2026, 1, 31, tzinfo=UTC),
        "Keys": {"id": {"S": "a"}},
        "NewImage": image,
        "SequenceNumber": "1",
        "SizeBytes": 1,
        "StreamViewType": "NEW_IMAGE",
    }
    answered = {"eventID": "1", "eventName": "INSERT", "eventVersion": "1.1", "awsRegion": "r", "dynamodb": change}

    record = dynamodb_record(answered, stream_arn=ARN)

    assert record.event["dynamodb"]["NewImage"] == {
        "id": {"S": "a"},
        "b": {"B": "AA=="},
        "bs": {"BS": ["AA==", "AQ=="]},
        "m": {"M": {"l": {"L": [{"B": "AQ=="}, {"NULL": True}]}}},
    }
    assert record.event["dynamodb"]["ApproximateCreationDateTime"] == 1769817600
    assert "userIdentity" not in record.event


def test_a_deletion_by_time_to_live_says_who_did_it() -> None:
    change = {
        "ApproximateCreationDateTime": datetime(2026, 1, 31, tzinfo=UTC),
        "Keys": {"id": {"S": "a"}},
        "SequenceNumber": "1",
    }
    identity = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    answered = {"eventID": "1", "eventName": "REMOVE", "eventVersion": "1.1", "awsRegion": "r", "dynamodb": change}

    record = dynamodb_record({**answered, "userIdentity": identity}, stream_arn=ARN)

    assert record.event["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

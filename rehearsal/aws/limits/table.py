"""The documented limits of what a service calls in a release: one row each, with who refuses it here.

A test tries each row: what is over the limit is refused with these words, what is just below passes. Rows `By.EMULATOR`
were tried and are the emulator's own; docs/fidelity.md is held to the rows, too. It must not check anything.

Words that no page of AWS has are those of its answers, as users have reported them.
"""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.aws.limits.limit import By, Limit

_OVERLAP = "Two document paths overlap with each other"
_ITEM_SIZE = "Item size has exceeded the maximum allowed size"


def _rows(by: By, service: str, operation: str, source: str, *rows: tuple[str, str, str]) -> Iterator[Limit]:
    for rule, code, message in rows:
        yield Limit(service=service, operation=operation, rule=rule, code=code, message=message, source=source, by=by)


def _entries(*rows: tuple[str, str, str, By]) -> Iterator[Limit]:
    for rule, code, message, by in rows:
        yield Limit(
            service="events",
            operation="PutEvents",
            rule=rule,
            code=code,
            message=message,
            source="PutEventsRequestEntry; PutEventsResultEntry",
            by=by,
            is_per_entry=True,
        )


LIMITS: tuple[Limit, ...] = (
    *_entries(
        ("an entry has a Source", "InvalidArgument", "Source is a required argument", By.US),
        ("an entry has a DetailType", "InvalidArgument", "DetailType is a required argument", By.US),
        ("an entry has a Detail", "InvalidArgument", "Detail is a required argument", By.US),
        ("a Detail is a JSON object", "MalformedDetail", "Detail is malformed.", By.US),
        ("a DetailType has at most 128 characters", "InvalidArgument", "Parameter DetailType is not valid", By.US),
        ("no Source begins with aws.", "NotAuthorizedForSourceException", "Not authorized", By.EMULATOR),
    ),
    *_rows(
        By.US,
        "events",
        "PutEvents",
        "PutEvents; Calculating PutEvents event entry size",
        ("the entries have at most 1 MiB together", "ValidationException", "Total size of the entries"),
        ("there is an entry", "ValidationException", "length greater than or equal to 1"),
    ),
    *_rows(
        By.EMULATOR,
        "events",
        "PutEvents",
        "PutEvents",
        ("there are at most 10 entries", "ValidationException", "length less than or equal to 10"),
    ),
    *_rows(
        By.US,
        "lambda",
        "Invoke",
        "Lambda quotas; Invoke",
        ("a synchronous payload has at most 6 MiB", "RequestEntityTooLargeException", "smaller than 6291456 bytes"),
        (
            "an asynchronous payload has at most 1 MiB",
            "RequestEntityTooLargeException",
            "Event invocation type",
        ),
        ("a response has at most 6 MiB", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
    ),
    *_rows(
        By.US,
        "cloudwatch",
        "PutMetricData",
        "PutMetricData; MetricDatum; Dimension",
        ("a namespace does not begin with AWS/", "InvalidParameterValue", "for parameter Namespace is invalid"),
        ("a call has at most 1,000 metrics", "InvalidParameterValue", "must not have a size greater than 1000"),
        ("a metric has at most 30 dimensions", "InvalidParameterValue", "must not have a size greater than 30"),
        ("a metric has at most 150 values", "InvalidParameterValue", "must not have a size greater than 150"),
        ("a value is a number", "InvalidParameterValue", "The value nan for parameter MetricData.member.1.Value"),
        ("a value lies between -2^360 and 2^360", "InvalidParameterValue", "MetricData.member.1.Value is invalid"),
        ("a dimension's value is ASCII and not blank", "InvalidParameterValue", "Dimensions.member.1.Value is invalid"),
        ("a timestamp is at most two weeks old", "InvalidParameterValue", "two weeks in the past"),
        ("a timestamp is at most two hours ahead", "InvalidParameterValue", "two hours in the future"),
    ),
    *_rows(
        By.US,
        "dynamodb",
        "UpdateItem",
        "Update expressions",
        ("an update changes each path once", "ValidationException", _OVERLAP),
    ),
    *_rows(
        By.US,
        "dynamodb",
        "TransactWriteItems",
        "Update expressions",
        ("an update in a transaction changes each path once", "ValidationException", _OVERLAP),
    ),
    *_rows(
        By.EMULATOR,
        "dynamodb",
        "PutItem",
        "Service, account, and table quotas in Amazon DynamoDB",
        ("an item has at most 400 KB", "ValidationException", _ITEM_SIZE),
        ("a key is not empty", "ValidationException", "cannot contain an empty string value"),
        ("a partition key has at most 2,048 bytes", "ValidationException", "size limit of 2048 bytes"),
        ("a sort key has at most 1,024 bytes", "ValidationException", "size limit of 1024 bytes"),
    ),
    *_rows(
        By.EMULATOR,
        "dynamodb",
        "BatchWriteItem",
        "BatchWriteItem",
        ("a batch has at most 25 writes", "ValidationException", "less than or equal to 25"),
        ("a batch names an item once", "ValidationException", "contains duplicates"),
    ),
    *_rows(
        By.EMULATOR,
        "dynamodb",
        "BatchGetItem",
        "BatchGetItem",
        ("a batch has at most 100 reads", "ValidationException", "less than or equal to 100"),
    ),
    *_rows(
        By.EMULATOR,
        "dynamodb",
        "TransactWriteItems",
        "TransactWriteItems",
        ("a transaction has at most 100 writes", "ValidationException", "less than or equal to 100"),
        ("a transaction names an item once", "ValidationException", "multiple operations on one item"),
        ("a transaction has at most 4 MB", "ValidationException", "4MB transaction size limit"),
        ("a token has one transaction", "IdempotentParameterMismatchException", "different payload"),
    ),
    *_rows(
        By.US,
        "sqs",
        "SendMessage",
        "SendMessage; Amazon SQS message quotas",
        ("a delay is at most 900 seconds", "InvalidParameterValue", "DelaySeconds must be >= 0 and <= 900"),
        ("a message has at most 10 attributes", "InvalidParameterValue", "exceeds the allowed maximum [10]"),
    ),
    *_rows(
        By.EMULATOR,
        "sqs",
        "SendMessage",
        "SendMessage; Amazon SQS message quotas",
        ("a message has at most 1 MiB", "InvalidParameterValue", "must be shorter than 1048576 bytes"),
        ("a message is not empty", "MissingParameter", "must contain the parameter MessageBody"),
        ("a message has the characters of XML", "InvalidMessageContents", "outside the allowed set"),
    ),
    *_rows(
        By.EMULATOR,
        "sqs",
        "SendMessageBatch",
        "SendMessageBatch",
        ("a batch has at most 10 messages", "TooManyEntriesInBatchRequest", "maximum of 10"),
        ("a batch has at most 1 MiB", "BatchRequestTooLong", "longer than 1048576 bytes"),
        ("the ids of a batch are distinct", "BatchEntryIdsNotDistinct", "repeated"),
        ("an id has letters, digits, hyphens and underscores", "InvalidBatchEntryId", "alphanumeric characters"),
    ),
    *_rows(
        By.US,
        "sns",
        "Publish",
        "Publish",
        ("a message to a topic is not empty", "InvalidParameter", "Empty message"),
        ("a subject has at most 100 characters", "InvalidParameter", "Subject"),
    ),
    *_rows(
        By.EMULATOR,
        "sns",
        "Publish",
        "Publish",
        ("a message to a topic has at most 256 KiB", "InvalidParameter", "Message too long"),
    ),
    *_rows(
        By.US,
        "sns",
        "PublishBatch",
        "PublishBatch",
        ("a batch to a topic has at most 256 KiB", "BatchRequestTooLong", "more than the limit"),
        ("an id to a topic has letters, digits, hyphens and underscores", "InvalidBatchEntryId", "alphanumeric"),
    ),
    *_rows(
        By.EMULATOR,
        "sns",
        "PublishBatch",
        "PublishBatch",
        ("a batch to a topic has at most 10 messages", "TooManyEntriesInBatchRequest", "more entries than"),
        ("the ids of a batch to a topic are distinct", "BatchEntryIdsNotDistinct", "distinct"),
    ),
    *_rows(
        By.EMULATOR,
        "kinesis",
        "PutRecord",
        "PutRecord",
        ("a record has at most 1 MiB", "ValidationException", "less than or equal to 1048576"),
        ("a partition key has 1 to 256 characters", "ValidationException", "less than or equal to 256"),
    ),
    *_rows(
        By.EMULATOR,
        "kinesis",
        "PutRecords",
        "PutRecords",
        ("a call has at most 500 records", "ValidationException", "less than or equal to 500"),
    ),
    *_rows(
        By.US,
        "secretsmanager",
        "PutSecretValue",
        "PutSecretValue",
        ("a version of a secret is written once", "ResourceExistsException", "is already in use for a version"),
        ("a secret has at most 65,536 bytes", "ValidationException", "less than or equal to 65536"),
        ("a token has 32 to 64 characters", "InvalidParameterException", "32-64 characters"),
        ("a secret is a text or bytes", "InvalidParameterException", "can't specify both"),
        ("a version has a value", "InvalidRequestException", "either SecretString or SecretBinary"),
    ),
    *_rows(
        By.US,
        "ssm",
        "PutParameter",
        "Managing parameter tiers",
        ("a standard parameter has at most 4,096 characters", "ValidationException", "parameter value of 4096"),
        (
            "an advanced parameter has at most 8,192 characters",
            "ValidationException",
            "parameter value of 8192",
        ),
        ("a parameter is not empty", "ValidationException", "length greater than or equal to 1"),
    ),
    *_rows(
        By.US,
        "ssm",
        "GetParameters",
        "GetParameters",
        ("a call has at most 10 names of parameters", "ValidationException", "length less than or equal to 10"),
    ),
    *_rows(
        By.US,
        "logs",
        "PutLogEvents",
        "PutLogEvents",
        ("there is a log event", "InvalidParameterException", "length greater than or equal to 1"),
        ("a call has at most 10,000 log events", "InvalidParameterException", "length less than or equal to 10000"),
        ("log events have at most 1 MiB together", "InvalidParameterException", "exceeds limit of 1048576"),
        ("log events are in chronological order", "InvalidParameterException", "chronological order"),
        ("log events span at most 24 hours", "InvalidParameterException", "span more than 24 hours"),
    ),
    *_rows(
        By.US,
        "s3",
        "PutObject",
        "Naming Amazon S3 objects; Working with object metadata",
        ("an object's key has at most 1,024 bytes", "KeyTooLongError", "too long"),
        ("an object's metadata has at most 2 KB", "MetadataTooLarge", "exceed the maximum allowed metadata size"),
    ),
    *_rows(
        By.US,
        "stepfunctions",
        "StartExecution",
        "StartExecution",
        ("an execution's input has at most 256 KiB", "ValidationException", "less than or equal to 262144"),
        ("an execution's input is JSON", "InvalidExecutionInput", "Invalid State Machine Execution Input"),
        ("an execution's name has no blanks", "InvalidName", "Invalid Name"),
    ),
)

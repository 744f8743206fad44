"""Clients of the functions: as boto3's, but for what they cost."""

from __future__ import annotations

import platform
from contextlib import nullcontext
from dataclasses import dataclass

import botocore
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from service.cars import aws


def user_agents_of_a_call(config: Config | None) -> list[str]:
    """What the requests of one call are sent with; none leaves."""
    sent: list[str] = []
    client = aws.client("dynamodb", config=config)

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        agent = request.headers["User-Agent"]
        sent.append(agent.decode() if isinstance(agent, bytes) else agent)
        return AWSResponse(request.url, 200, {}, _Body())  # type: ignore[arg-type]

    client.meta.events.register("before-send.dynamodb", answer)  # type: ignore[arg-type]
    client.list_tables()
    return sent


@dataclass
class _Body:
    text: bytes = b"{}"

    def stream(self) -> list[bytes]:
        return [self.text]


def test_client_says_which_sdk_and_python_call_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.13")

    (agent,) = user_agents_of_a_call(None)

    expected = f"Botocore/{botocore.__version__} Python/{platform.python_version()} AWS_Lambda_python3.13"
    assert agent.startswith(expected)


def test_client_has_the_configuration_that_it_is_given_and_ours() -> None:
    client = aws.client("lambda", config=Config(read_timeout=7, retries={"total_max_attempts": 1}))

    merged = vars(client.meta.config)
    assert merged["_user_provided_options"]["read_timeout"] == 7
    assert merged["_user_provided_options"]["retries"]["total_max_attempts"] == 1
    assert merged["_user_provided_options"]["user_agent"] == aws.user_agent()


def test_clients_are_of_one_session_and_each_is_a_new_one() -> None:
    assert aws.client("events") is not aws.client("events")
    assert aws.session() is aws.session()


def test_client_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    assert aws.client("sqs").meta.region_name == "eu-central-1"


def calls_of_a_write(code: str, *, failing: int, fails: bool, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often one UpdateItem is sent whose first `failing` attempts are answered with the error. No time passes."""
    monkeypatch.setattr(aws, "FIRST_CONFLICT_DELAY_SECONDS", 0.0)
    client = aws.client("dynamodb", config=Config(retries={"mode": "standard", "total_max_attempts": 2}))
    sent: list[str] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request.url)
        if len(sent) > failing:
            return AWSResponse(request.url, 200, {}, _Body())  # type: ignore[arg-type]
        return AWSResponse(request.url, 400, {}, _Body(b'{"__type": "%s"}' % code.encode()))  # type: ignore[arg-type]

    client.meta.events.register("before-send.dynamodb", answer)  # type: ignore[arg-type]
    with pytest.raises(ClientError, match=code) if fails else nullcontext():
        client.update_item(TableName="cars", Key={"car_id": {"S": "car-1"}})
    return len(sent)


@pytest.mark.parametrize(
    ("code", "failing", "sent", "fails"),
    [
        ("TransactionConflictException", 3, 4, False),
        ("TransactionConflictException", 100, aws.CONFLICT_ATTEMPTS, True),
        ("ConditionalCheckFailedException", 1, 1, True),
    ],
)
def test_write_that_meets_a_transaction_is_tried_again(
    code: str, failing: int, sent: int, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert calls_of_a_write(code, failing=failing, fails=fails, monkeypatch=monkeypatch) == sent

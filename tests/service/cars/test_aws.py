"""Clients of the functions: as boto3's, but for what they cost."""

from __future__ import annotations

import platform

import botocore
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from service.cars import aws


def user_agents_of_a_call(config: Config | None) -> list[str]:
    """What the requests of one call are sent with; none leaves."""
    sent: list[str] = []
    client = aws.client("dynamodb", config=config)

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        agent = request.headers["User-Agent"]
        sent.append(agent.decode() if isinstance(agent, bytes) else agent)
        return AWSResponse(request.url, 200, {}, _Empty())  # type: ignore[arg-type]

    client.meta.events.register("before-send.dynamodb", answer)  # type: ignore[arg-type]
    client.list_tables()
    return sent


class _Empty:
    def stream(self) -> list[bytes]:
        return [b"{}"]


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

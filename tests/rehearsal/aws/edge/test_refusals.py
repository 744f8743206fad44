from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.aws.edge.bare_cloud import BareCloud


@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [
        ("ivs", "list_channels", "ivs"),
        ("synthetics", "describe_canaries", "synthetics"),
        ("codeconnections", "list_connections", "codeconnections"),
        ("sagemaker", "list_apps", "sagemaker"),
    ],
    ids=["REST", "REST of another kind", "JSON 1.0", "JSON 1.1"],
)
def test_a_service_that_nobody_serves_says_so_by_name(
    cloud: BareCloud, service: str, operation: str, name: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(cloud.client(service), operation)()

    error = refused.value.response["Error"]
    assert error["Code"] == "UnsupportedService"
    assert f"The local AWS has no {name}:" in error["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "words"),
    [
        ("sns", "list_origination_numbers", {}, "this operation of sns (Unknown action: ListOriginationNumbers)"),
        ("ec2", "describe_scheduled_instances", {}, "this operation of ec2 (Unknown EC2 action: DescribeScheduled"),
        ("logs", "list_anomalies", {}, "ListAnomalies of logs (Unknown action: ListAnomalies)"),
        ("wafv2", "list_api_keys", {"Scope": "REGIONAL"}, "ListAPIKeys of wafv2 (Unknown WAF action: ListAPIKeys)"),
        (
            "apigateway",
            "get_domain_name_access_associations",
            {},
            "this operation of apigateway (Unknown path: /",
        ),
        (
            "sqs",
            "list_message_move_tasks",
            {"SourceArn": "arn:aws:sqs:eu-west-1:111111111111:q"},
            "ListMessageMoveTasks of sqs (The action ListMessageMoveTasks is not valid for this endpoint)",
        ),
    ],
    ids=["query", "EC2's query", "JSON", "JSON of another kind", "REST", "JSON 1.0"],
)
def test_an_operation_that_nobody_serves_says_so_and_is_remembered(
    cloud: BareCloud, service: str, operation: str, parameters: dict[str, str], words: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(cloud.client(service), operation)(**parameters)

    error = refused.value.response["Error"]
    assert error["Code"] == "UnsupportedOperation"
    assert f"The local AWS does not serve {words}" in error["Message"]
    assert cloud.denials.found_in([f"Traceback:\n  {refused.value}\n"]) == error["Message"]


def test_what_aws_itself_refuses_is_passed_on_and_not_remembered(cloud: BareCloud) -> None:
    with pytest.raises(ClientError) as refused:
        cloud.client("sqs").get_queue_url(QueueName="nobody-made-it")

    assert "NonExistentQueue" in refused.value.response["Error"]["Code"]
    assert cloud.denials.found_in([str(refused.value)]) is None

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

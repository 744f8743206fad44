from __future__ import annotations

import os

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.machine.child_environment import child_environment

ENDPOINT = "http://127.0.0.1:4567"


def test_child_environment_has_the_local_aws_and_nothing_of_the_users() -> None:
    session = AwsClients(ENDPOINT, "secret").root("111111111111", "eu-west-1")
    inherited = {"PATH": "/bin", "AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine", "NO_PROXY": "example.com"}

    environment = child_environment(session, "eu-west-1", ENDPOINT, inherited=inherited)

    assert {name: text for name, text in environment.items() if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_ACCESS_KEY_ID": "111111111111",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
    }
    assert environment["PATH"] == "/bin"
    assert environment["NO_PROXY"] == "example.com,127.0.0.1,localhost"

"""The environment of a child process that works with the local AWS, and with no other.

It must not know what the child does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import boto3

_LOOPBACK = "127.0.0.1,localhost"


def child_environment(
    session: boto3.Session, region: str, endpoint_url: str, *, inherited: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The whole environment: the session's credentials, and all that is inherited but for the user's own AWS_*."""
    environment = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    credentials = session.get_credentials()
    assert credentials is not None, "a session of the local AWS has credentials"
    frozen = credentials.get_frozen_credentials()
    environment |= {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": frozen.access_key or "",
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key or "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
    }
    if frozen.token:
        environment["AWS_SESSION_TOKEN"] = frozen.token
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, (inherited.get(name), _LOOPBACK)))
    return environment

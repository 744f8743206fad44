"""The environments of child processes: of one that knows no AWS at all, and of one that works with the local AWS.

Nothing of the user's own AWS is in them: no profile, no credentials, no endpoint, no metadata of a machine; and of the
rest of the user's environment only what programs need to run. It must not know what the child does.

Source: "Using environment variables to configure the AWS CLI", "Supported environment variables" of the SDK guide.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import boto3

from rehearsal.machine.user_settings import copy_package_settings, kept_variables, places_of_programs

NO_AWS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_STS_REGIONAL_ENDPOINTS": "regional",
}


def program_environment(
    home: Path, egress: Mapping[str, str], *, inherited: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """For a program of the user's machine that must find no AWS; `home` is made and takes its settings.

    `egress` are the variables of the run's way out.
    """
    home.mkdir(parents=True, exist_ok=True)
    copy_package_settings(home)
    return {
        **kept_variables(inherited),
        **places_of_programs(inherited),
        **NO_AWS,
        **egress,
        "HOME": str(home),
        "PATH": inherited.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def child_environment(
    session: boto3.Session, region: str, endpoint_url: str, *, base: Mapping[str, str]
) -> dict[str, str]:
    """For a program that works in the local AWS with the session's credentials; `base` is its environment without."""
    credentials = session.get_credentials()
    assert credentials is not None, "a session of the local AWS has credentials"
    frozen = credentials.get_frozen_credentials()
    environment = {
        **base,
        **NO_AWS,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": frozen.access_key or "",
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key or "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    if frozen.token:
        environment["AWS_SESSION_TOKEN"] = frozen.token
    return environment

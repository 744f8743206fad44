"""A configuration file for whoever wants to call the local AWS by hand: with the AWS CLI, boto3 or any other SDK.

It lies in the run's own folder, is readable by its user alone, and goes with the run. It must not touch the user's own.
Source: "Configuration and credential file settings in the AWS CLI" (endpoint_url).
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.errors import EngineError


def write_profiles(file: Path, clients: AwsClients, places: Iterable[tuple[str, str]]) -> None:
    """One profile for each account, named by its id, with the region of its first place; `default` is the first."""
    profiles = configparser.ConfigParser(interpolation=None, default_section="no profile is called so")
    for account, region in places:
        if not profiles.has_section("default"):
            profiles["default"] = _profile(clients, account, region)
        if not profiles.has_section(f"profile {account}"):
            profiles[f"profile {account}"] = _profile(clients, account, region)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        profiles.write(opened)


@dataclass(frozen=True)
class Profile:
    """How to call the local AWS as an account's root."""

    endpoint_url: str
    secret: str = field(repr=False)


def read_profile(file: Path, account: str) -> Profile:
    """What `write_profiles` has written for the account. Raises EngineError where it is not there."""
    profiles = configparser.ConfigParser(interpolation=None, default_section="no profile is called so")
    profiles.read(file)
    try:
        found = profiles[f"profile {account}"]
        return Profile(found["endpoint_url"], found["aws_secret_access_key"])
    except KeyError as exc:
        raise EngineError(f"{file} has no profile {account}: the local AWS that wrote it has ended.") from exc


def _profile(clients: AwsClients, account: str, region: str) -> dict[str, str]:
    credentials = clients.root(account, region).get_credentials()
    assert credentials is not None, "a session of the local AWS has credentials"
    return {
        "region": region,
        "endpoint_url": clients.endpoint_url,
        "aws_access_key_id": credentials.access_key,
        "aws_secret_access_key": credentials.secret_key,
    }

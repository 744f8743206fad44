from __future__ import annotations

import functools
import os
from collections.abc import Iterator

import botocore.loaders
import pytest
from moto import mock_aws

from service.changes.runtime import handler as changes
from tests.integ.service_in_process import CACHED, Service

_one_loader = functools.cache(botocore.loaders.create_loader)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A whole and healthy one, with nothing in it, in an AWS of its own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setattr("botocore.session.create_loader", _one_loader)
    forget = [cached.cache_clear for cached in CACHED]
    with mock_aws():
        for each in forget:
            each()
        service = Service()
        for setting, value in service.variables.items():
            monkeypatch.setenv(setting, value)
        monkeypatch.setattr(changes, "event_bridge", lambda: service)
        yield service
        for each in forget:
            each()


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    """Where its API is."""
    with service.served() as url:
        yield url

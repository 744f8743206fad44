"""boto3 sessions of the local AWS: an account's root, and roles as their trust policies allow.

Nothing of the user's own AWS configuration (profiles, credentials, endpoints, proxies) is read. It must not know what
the sessions are used for.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader

_NOT_READ = (None, None, None, None)
_SESSION_VARIABLES = {
    "profile": _NOT_READ,
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
# The longest answer is a synchronous invocation of a function: 15 minutes.
_CONFIG = Config(
    proxies={},
    connect_timeout=5,
    read_timeout=910,
    max_pool_connections=50,
    retries={"mode": "standard", "max_attempts": 3},
    s3={"addressing_style": "path"},
)


Send = Callable[[AWSPreparedRequest, str], AWSResponse | None]


class LocalAwsEnded(BotoCoreError):
    """No call is answered any more. As a BotoCoreError it is met where any call that is not answered is."""

    fmt = "The local AWS has ended."


class LocalSession(boto3.Session):
    """A session whose clients speak to the local AWS. A client without options is made once and shared.

    `before_send` is called before each attempt of each call; what it answers is the call's answer.
    """

    def __init__(
        self,
        endpoint_url: str,
        loader: Loader,
        region: str,
        *,
        before_send: Callable[..., Any],
        **credentials: str,
    ) -> None:
        core = botocore.session.Session(session_vars=_SESSION_VARIABLES)
        core.register_component("data_loader", loader)
        core.set_default_client_config(_CONFIG)
        core.register("before-send", before_send)
        super().__init__(botocore_session=core, region_name=region, **credentials)
        self._endpoint_url = endpoint_url
        self._shared: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service_name: str, *args: Any, **options: Any) -> Any:
        with self._lock:  # making a client is not thread-safe; using one is
            if args or options:
                return self._make(service_name, *args, **options)
            if service_name not in self._shared:
                self._shared[service_name] = self._make(service_name)
            return self._shared[service_name]

    def _make(self, service_name: Any, *args: Any, **options: Any) -> Any:
        return super().client(service_name, *args, **{"endpoint_url": self._endpoint_url, **options})


class AwsClients:
    """See the module. Safe to use from several threads.

    `endpoint_url` is the edge, `root_secret` the run's own, `direct` a shorter way for calls that it knows.
    """

    def __init__(self, endpoint_url: str, root_secret: str, direct: Send | None = None) -> None:
        self.endpoint_url = endpoint_url
        self._direct = direct
        self._root_secret = root_secret
        self._loader = Loader(include_default_search_paths=True)
        self._has_ended = False
        self._roots: dict[tuple[str, str], LocalSession] = {}
        self._lock = threading.Lock()

    def root(self, account: str, region: str) -> boto3.Session:
        """The session of an account's root; always the same one for an account and region."""
        with self._lock:
            if (account, region) not in self._roots:
                self._roots[account, region] = self._session(region, account, self._root_secret)
            return self._roots[account, region]

    def assume(
        self, role_arn: str, *, session_name: str, region: str, by: boto3.Session | None = None
    ) -> boto3.Session:
        """The session of a role, assumed by a session; by default the root of the role's account.

        boto3's `ClientError` AccessDenied where the role's trust policy does not allow it.
        """
        account = role_arn.split(":")[4]
        sts = (by or self.root(account, region)).client("sts")
        credentials = sts.assume_role(RoleArn=role_arn, RoleSessionName=session_name)["Credentials"]
        return self._session(
            region, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
        )

    def refuse(self) -> None:
        """From now on every call of every session raises LocalAwsEnded at once, instead of being tried again."""
        self._has_ended = True

    def _before_send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> Any:
        if self._has_ended:
            raise LocalAwsEnded
        return self._direct(request, event_name) if self._direct else None

    def _session(self, region: str, access_key: str, secret: str, token: str | None = None) -> LocalSession:
        credentials = {"aws_access_key_id": access_key, "aws_secret_access_key": secret}
        if token:
            credentials["aws_session_token"] = token
        return LocalSession(self.endpoint_url, self._loader, region, before_send=self._before_send, **credentials)

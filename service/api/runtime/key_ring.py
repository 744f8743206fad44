"""The keys of the cursors, read from Secrets Manager when a cursor is first signed or checked, and kept for a while.

A request without a cursor must not pay for it, so nothing of this is read, or imported from Powertools, before.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from service.cars.cursor_keys import CursorKey, CursorKeys
from service.cars.settings import Setting, read

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider
    from mypy_boto3_secretsmanager import SecretsManagerClient

MAX_AGE_SECONDS = 300
"""For how long a rotation may go unnoticed. Two of them within it would leave a key that nobody else knows."""

REFRESH_SECONDS = 10
"""At most so often an unknown key is looked for: anybody can make one up."""


class KeyRing:
    """The keys of the secret `secret_arn`. `now` is in seconds.

    Raises Powertools' GetParameterError when the secret cannot be read, and MalformedCursorKeys: both are our fault.
    """

    def __init__(
        self, secret_arn: str, new_client: Callable[[], SecretsManagerClient], now: Callable[[], float] = time.time
    ) -> None:
        self._secret_arn = secret_arn
        self._new_client = new_client
        self._now = now
        self._refreshed_at: float | None = None

    def current(self) -> CursorKey:
        """The key to sign with."""
        return self._keys().current

    def with_id(self, key_id: bytes) -> CursorKey | None:
        """The key that a cursor names; None when no such key is there, or none any more."""
        return self._keys().with_id(key_id) or self._just_rotated(key_id)

    def _just_rotated(self, key_id: bytes) -> CursorKey | None:
        """An instance that has read the secret later than this one may have signed with a key that is new here."""
        if self._refreshed_at is not None and self._now() - self._refreshed_at < REFRESH_SECONDS:
            return None
        self._refreshed_at = self._now()
        return self._keys(force_fetch=True).with_id(key_id)

    def _keys(self, *, force_fetch: bool = False) -> CursorKeys:
        secret = self._provider.get(
            self._secret_arn, transform="json", max_age=MAX_AGE_SECONDS, force_fetch=force_fetch
        )
        return CursorKeys.parse(secret)

    @functools.cached_property
    def _provider(self) -> SecretsProvider:
        from aws_lambda_powertools.utilities.parameters import SecretsProvider

        return SecretsProvider(boto3_client=self._new_client())


@functools.cache
def key_ring() -> KeyRing:
    """Of the API's own secret."""
    return KeyRing(read(Setting.CURSOR_KEYS_ARN), _new_client)


def _new_client() -> SecretsManagerClient:
    from service.cars import aws

    return aws.client("secretsmanager")

"""Why CloudWatch says no.

CloudWatchRejection           a request that is not carried out; `code` is the error's name in CloudWatch's API
├── InvalidParameter          AWS refuses it too
├── NotSupportedHere          AWS has it, this local CloudWatch does not: named, never skipped
└── AlarmNotFound             no alarm of that name in the account and region
"""

from __future__ import annotations


class CloudWatchRejection(Exception):
    """A request that is not carried out."""

    code = "ValidationError"
    status = 400


class InvalidParameter(CloudWatchRejection):
    """AWS refuses it too."""

    def __init__(self, message: str, *, code: str = "ValidationError") -> None:
        super().__init__(message)
        self.code = code


class NotSupportedHere(CloudWatchRejection):
    """AWS has it, the local CloudWatch does not."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not supported by the local CloudWatch.")


class AlarmNotFound(CloudWatchRejection):
    """No alarm of that name in the account and region."""

    code = "ResourceNotFound"
    status = 404

    def __init__(self, account: str, region: str, name: str) -> None:
        super().__init__(f"There is no alarm {name!r} in account {account}, region {region}.")

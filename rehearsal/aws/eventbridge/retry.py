"""When rules and EventBridge Scheduler try a target again: after 429 and 5xx, with growing waits.

It must not wait, nor count attempts: who delivers does, as the target's RetryPolicy says. AWS does not say how long the
waits are, but that they grow. Source: "How EventBridge retries delivering events".
"""

from __future__ import annotations

from botocore.exceptions import ClientError

LONGEST_WAIT_SECONDS = 300.0
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


def is_worth_another(error: ClientError) -> bool:
    """Whether the answer of a target may be another one the next time."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR

"""Reads an object of the local S3 for the page, as the root of the pipeline's account.

It must not choose which: the page asks only for what an approval's link names. Source: S3 API reference, GetObject.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.local_pipeline import LocalPipeline
from rehearsal.page.controls import Refused
from rehearsal.page.stored_objects import MOST_BYTES, ObjectAddress, StoredObject


class ObjectReader:
    """A `ReadObject` of the local AWS of `local`, which raises EngineError where there is none yet."""

    def __init__(self, local: Callable[[], LocalPipeline]) -> None:
        self._local = local

    def __call__(self, address: ObjectAddress) -> StoredObject:
        local = self._local()
        pipeline = local.deployed()
        session = local.cloud.clients.root(pipeline.account, address.region or pipeline.region)
        return read_object(session.client("s3"), address)


def read_object(s3: object, address: ObjectAddress) -> StoredObject:
    """Raises Refused, see `ReadObject`."""
    where = f"s3://{address.bucket}/{address.key}"
    try:
        answer = cast("Any", s3).get_object(Bucket=address.bucket, Key=address.key)
        if answer["ContentLength"] > MOST_BYTES:
            raise Refused(f"{where} has {answer['ContentLength']} bytes; {MOST_BYTES} are shown at most.")
        return StoredObject(content=answer["Body"].read(), content_type=answer.get("ContentType", ""))
    except ClientError as exc:
        error = exc.response.get("Error", {})
        raise Refused(f"The local S3 does not give {where}: {error.get('Message')} ({error.get('Code')})") from exc
    except BotoCoreError as exc:
        raise Refused(f"The local S3 does not answer for {where}: {exc}") from exc

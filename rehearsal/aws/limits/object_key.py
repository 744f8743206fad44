"""An object's key and metadata, whose length S3 limits: both are in the head of a request, so no body is read.

It must not know buckets. Sources: "Naming Amazon S3 objects" (1,024 bytes), "Working with object metadata" (metadata of
the user's 2 KB: the bytes of names and values), "Error responses" (KeyTooLongError, MetadataTooLarge).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from rehearsal.aws.service_api import ApiError

_KEY_BYTES = 1024
_METADATA_BYTES = 2048
_METADATA = "x-amz-meta-"
_WRITES = ("PUT", "POST")


def refuse_object_head(method: str, target: str, headers: Mapping[str, str]) -> None:
    """`target` is `/bucket/key?query`, as sent; the names of `headers` are lower-case. `ApiError`."""
    if method not in _WRITES:
        return
    key = target.partition("?")[0].split("/", 2)[2:]
    if key and len(key[0]) > _KEY_BYTES and len(unquote_to_bytes(key[0])) > _KEY_BYTES:
        raise ApiError("KeyTooLongError", "Your key is too long")
    metadata = {name.removeprefix(_METADATA): value for name, value in headers.items() if name.startswith(_METADATA)}
    if sum(len(name.encode()) + len(value.encode(errors="surrogateescape")) for name, value in metadata.items()) > (
        _METADATA_BYTES
    ):
        raise ApiError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")

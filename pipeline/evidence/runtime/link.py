"""How the approval leads to its evidence: the link to the page, and the words that hold the digest.

Written by the pipeline's definition, read by whoever answers. It must not ask AWS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_DIGEST = re.compile(r"\bEvidence ([0-9a-f]{64})\b")
_HOST = re.compile(r"([a-z0-9-]+)\.console\.aws\.amazon\.com")


@dataclass(frozen=True)
class EvidenceLink:
    """Where a page is: an object of S3."""

    region: str
    bucket: str
    key: str


def console_url(region: str, bucket: str, key: str) -> str:
    """The object's page in S3's console: it opens for whoever may read the bucket."""
    return f"https://{region}.console.aws.amazon.com/s3/object/{bucket}?region={region}&prefix={key}"


def link_of(url: str) -> EvidenceLink | None:
    """What `console_url` was made of; None for any other address."""
    try:
        found = urlsplit(url)
        host = _HOST.fullmatch(found.netloc)
        keys = parse_qs(found.query).get("prefix", [])
    except ValueError:
        return None
    root, _, bucket = found.path.rpartition("/")
    if host is None or found.scheme != "https" or root != "/s3/object" or not bucket or len(keys) != 1:
        return None
    return EvidenceLink(host[1], bucket, keys[0])


def digest_words(digest: str) -> str:
    return f"Evidence {digest}."


def digest_in(comment: str) -> str | None:
    """The digest of `digest_words` in an approval's comment; None where it has none, or several."""
    found = set(_DIGEST.findall(comment))
    return found.pop() if len(found) == 1 else None

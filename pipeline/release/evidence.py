"""Shows an execution's release evidence: its verdict on the terminal, and its files in a folder, for a browser.

Where it is kept the approval's link says, and which it is the approval's comment. It must not answer the question.
Sources: S3 API reference, GetObject; pipeline/evidence/infrastructure.py (the link), docs/evidence.md (the files).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import ClientError

from pipeline.executions.execution import Execution
from pipeline.executions.record import Record
from pipeline.executions.release_text import commit_text
from pipeline.release.errors import CannotAsk, Refused
from pipeline.release.state import pipeline_state

if TYPE_CHECKING:
    from mypy_boto3_codepipeline import CodePipelineClient
    from mypy_boto3_s3 import S3Client

PAGE, DATA, BILL = "index.html", "evidence.json", "bom.json"
_KNOWN_DAYS = 365
_OBJECT_PAGE = "/s3/object/"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where an execution's evidence is; `comment` is the approval's, which has its digest."""

    execution: Execution
    bucket: str
    folder: str
    comment: str


def find_evidence(client: CodePipelineClient, pipeline: str, *, execution_id: str | None) -> Kept:
    """Of the execution that asks, or of the one that is named. Raises Refused when it has none, or nobody asks."""
    execution_id = execution_id or _asking(client, pipeline)
    since = datetime.now(UTC) - timedelta(days=_KNOWN_DAYS)
    execution = Record(client, pipeline).find(execution_id, since=since)
    asked = [action.configuration for action in execution.actions if "ExternalEntityLink" in action.configuration]
    if not asked:
        raise Refused(f"Execution {execution_id} has not asked for an approval with evidence: it did not get so far.")
    link = urlsplit(asked[-1]["ExternalEntityLink"])
    key = parse_qs(link.query).get("prefix", [""])[0]
    if not link.path.startswith(_OBJECT_PAGE) or not key.endswith(f"/{PAGE}"):
        raise Refused(f"The approval's link leads to no evidence in a bucket: {link.geturl()}")
    return Kept(
        execution=execution,
        bucket=link.path.removeprefix(_OBJECT_PAGE),
        folder=key.removesuffix(PAGE),
        comment=asked[-1].get("CustomData", ""),
    )


def read_evidence(client: S3Client, kept: Kept) -> dict[str, bytes]:
    """The files by name. Raises CannotAsk when the bucket cannot be read, Refused when it is not the approval's."""
    files = {name: _read(client, kept, name) for name in (PAGE, DATA, BILL)}
    digest = str(_data(files)["digest"])
    if not digest or digest not in kept.comment:
        raise Refused(
            f"The evidence in bucket {kept.bucket} is of digest {digest}, and the approval names another: it says "
            f'"{kept.comment}". Do not approve it; find out who has written there.'
        )
    return files


def shown(kept: Kept, files: Mapping[str, bytes]) -> str:
    data = _data(files)
    width = max((len(line["weight"]) for line in data["verdict"]), default=0)
    return "\n".join(
        [
            f"{commit_text(kept.execution)}, execution {kept.execution.id}",
            "",
            *(f"  {line['weight'].capitalize():{width}}  {line['text']}" for line in data["verdict"]),
            "",
            f"Digest: {data['digest']}",
            f"Kept:   s3://{kept.bucket}/{kept.folder}",
        ]
    )


def write_files(folder: Path, files: Mapping[str, bytes]) -> str:
    """What to open. Raises CannotAsk when they cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            (folder / name).write_bytes(body)
    except OSError as error:
        raise CannotAsk(f"{error}. --output has to be a folder that you may write to.") from error
    return f"Open:   {(folder / PAGE).resolve().as_uri()}"


def _asking(client: CodePipelineClient, pipeline: str) -> str:
    approvals = pipeline_state(client.get_pipeline_state(name=pipeline)).open_approvals()
    if len(approvals) != 1 or approvals[0][0].execution_id is None:
        raise Refused(f"{len(approvals)} approvals are open: name an execution by --execution. `history` shows them.")
    return approvals[0][0].execution_id


def _read(client: S3Client, kept: Kept, name: str) -> bytes:
    try:
        return client.get_object(Bucket=kept.bucket, Key=f"{kept.folder}{name}")["Body"].read()
    except ClientError as error:
        raise CannotAsk(
            f"{name} cannot be read from the evidence bucket {kept.bucket}: {error.response['Error']['Message']} "
            "What a release manager needs is in docs/evidence.md."
        ) from error


def _data(files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(files[DATA])
    except ValueError as error:
        raise CannotAsk(f"{DATA} of the evidence is no JSON ({error}): open the page instead.") from error
    return found

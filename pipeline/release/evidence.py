"""Reads the release evidence that an approval leads to, holds it against the question, and keeps it in a folder.

It must not judge the release: the evidence's verdict is shown as it is. Source: S3 API reference, GetObject.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import TypeAdapter, ValidationError

from pipeline.evidence.runtime.link import digest_in, link_of
from pipeline.evidence.runtime.model import ReleaseEvidence
from pipeline.evidence.runtime.store import BILL, DATA, PAGE
from pipeline.evidence.runtime.verdict import answer
from pipeline.executions.record import Record
from pipeline.executions.release_text import printable
from pipeline.release.errors import CannotAsk, NoEvidence, Refused

if TYPE_CHECKING:
    from mypy_boto3_codepipeline import CodePipelineClient
    from mypy_boto3_s3 import S3Client

_KNOWN = timedelta(days=366)  # for as long CodePipeline knows an execution, and its evidence is kept
_APPROVAL = "Approval"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an approval says of its evidence: whose it is, and the two fields in which it says so."""

    execution_id: str
    comment: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """`files` are page, data and bill of materials, by name."""

    evidence: ReleaseEvidence
    files: Mapping[str, bytes]


def asked_by(client: CodePipelineClient, pipeline: str, execution_id: str) -> Asked:
    """What the execution's last approval asked, open or not. Raises UnknownExecution, and NoEvidence when none has."""
    execution = Record(client, pipeline).find(execution_id, since=datetime.now(UTC) - _KNOWN)
    for action in reversed(execution.actions):
        if action.category == _APPROVAL:
            return Asked(execution_id=execution_id, comment=action.comment, link=action.link)
    raise NoEvidence(f"Execution {execution_id} has not asked for an approval: `status` shows how far it is.")


def fetch(s3_of: Callable[[str], S3Client], asked: Asked) -> Fetched:
    """`s3_of` answers the client of a region.

    Raises NoEvidence when there is none, or it cannot be read; Refused when it is not what the question is about.
    """
    digest, link = digest_in(asked.comment), link_of(asked.link)
    if digest is None or link is None or not link.key.endswith(f"/{PAGE}"):
        raise NoEvidence("The approval names no evidence: its comment has no digest, or its link leads elsewhere.")
    folder = link.key.removesuffix(PAGE)
    s3 = s3_of(link.region)
    files = {name: _read(s3, link.bucket, f"{folder}{name}") for name in (PAGE, DATA, BILL)}
    evidence = _parsed(files[DATA], f"s3://{link.bucket}/{folder}{DATA}")
    if (evidence.digest, evidence.execution_id) != (digest, asked.execution_id):
        raise Refused(
            f"The evidence is not what the approval asks about: it is of execution {evidence.execution_id}, digest "
            f"{evidence.digest}; asked is about {asked.execution_id}, digest {digest}. Somebody has changed the one or "
            "the other: find out who, and release the commit anew."
        )
    return Fetched(evidence=evidence, files=files)


def keep(fetched: Fetched, folder: Path | None) -> Path:
    """Where the page then is: in `folder`, new or empty, else in a new one. Nobody else can read it.

    Raises CannotAsk when it cannot be written there.
    """
    try:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="evidence-"))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CannotAsk(f"{folder} is not empty. Give --to a folder that is, or that is not there yet.")
        for name, content in fetched.files.items():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
    except OSError as error:
        raise CannotAsk(
            f"The evidence cannot be written to {folder}: {error.strerror}. Give another --to DIR."
        ) from error
    return folder.absolute() / PAGE


def verdict_text(evidence: ReleaseEvidence) -> str:
    """The verdict in a sentence, its lines, the heaviest first, and the digest."""
    width = max((len(line.weight) for line in evidence.verdict), default=0)
    return "\n".join(
        [
            f"  Evidence:    {answer(evidence.verdict)[1]}",
            *(f"    {line.weight:{width}}  {printable(line.text)}" for line in evidence.verdict),
            f"  Digest:      {evidence.digest}",
        ]
    )


def _read(s3: S3Client, bucket: str, key: str) -> bytes:
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        told = error.response["Error"]
        raise NoEvidence(
            f"The evidence s3://{bucket}/{key} cannot be read: {told.get('Message', '')} ({told.get('Code', '')}). "
            "What a release manager needs for it is in docs/runbook/pipeline.md."
        ) from error


def _parsed(data: bytes, where: str) -> ReleaseEvidence:
    try:
        return TypeAdapter(ReleaseEvidence).validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise NoEvidence(
            f"{where} is no evidence that this version of the command reads ({place}: {first['msg']}). Use the "
            "checkout of the commit that the pipeline runs."
        ) from error

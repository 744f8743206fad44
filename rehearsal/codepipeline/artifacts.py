"""Artifacts: folders carried between actions as zip files in the pipeline's bucket, encrypted with its key.

Every access uses the session that it is given, so a role without the permission fails as on AWS. It must not know
which action makes or reads an artifact.

Source: "Input and output artifacts", CodePipeline user guide.
"""

from __future__ import annotations

import io
import posixpath
import re
import secrets
import stat
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from rehearsal.codepipeline.definition import ArtifactStore

if TYPE_CHECKING:
    import boto3

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class StoredArtifact:
    """`region` is that of the bucket; `revision` the commit, when a source made it."""

    name: str
    bucket: str
    key: str
    revision: str | None = None
    region: str = ""


class Artifacts(Protocol):
    """Puts folders into an artifact store and gets them back, or `only` the files named, for who reads no others."""

    def upload(
        self, folder: Path, *, name: str, pipeline: str, store: ArtifactStore, session: boto3.Session
    ) -> StoredArtifact: ...

    def download(
        self, artifact: StoredArtifact, folder: Path, *, session: boto3.Session, only: Collection[str] | None = None
    ) -> None: ...


class S3Artifacts:
    """The artifact store that CodePipeline uses."""

    def upload(
        self, folder: Path, *, name: str, pipeline: str, store: ArtifactStore, session: boto3.Session
    ) -> StoredArtifact:
        """Keys look like CodePipeline's own: at most 20 letters of the pipeline, 10 of the artifact, 7 by chance."""
        key = f"{_key_part(pipeline, 20)}/{_key_part(name, 10)}/{secrets.token_hex(4)[:7]}"
        s3 = session.client("s3")
        body = pack(folder)
        if store.kms_key:
            s3.put_object(
                Bucket=store.bucket, Key=key, Body=body, ServerSideEncryption="aws:kms", SSEKMSKeyId=store.kms_key
            )
        else:
            s3.put_object(Bucket=store.bucket, Key=key, Body=body)
        return StoredArtifact(name, store.bucket, key)

    def download(
        self, artifact: StoredArtifact, folder: Path, *, session: boto3.Session, only: Collection[str] | None = None
    ) -> None:
        answer = session.client("s3").get_object(Bucket=artifact.bucket, Key=artifact.key)
        unpack(answer["Body"].read(), folder, only=only)


def pack(folder: Path) -> bytes:
    """The folder as a zip file: the same files give the same bytes; executable bits and symbolic links are kept."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = path.lstat().st_mode
            entry.external_attr = mode << 16
            archive.writestr(entry, str(path.readlink()) if stat.S_ISLNK(mode) else path.read_bytes())
    return buffer.getvalue()


def unpack(content: bytes, folder: Path, *, only: Collection[str] | None = None) -> None:
    """The inverse of `pack`; a path that leaves the folder is refused with ValueError.

    With `only`, no more than the files of these names: an app of many stacks has a template and an action for each,
    and to unpack all of them for each takes time that grows with their square.
    """
    folder.mkdir(parents=True, exist_ok=True)
    links: list[tuple[Path, str]] = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        wanted = _wanted(archive, only)
        for entry in archive.infolist():
            # By its letters alone: links come last, so no path leads through one.
            path = PurePosixPath(entry.filename)
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"The artifact holds {entry.filename}, which lies outside its folder.")
            if entry.filename not in wanted:
                continue
            target = folder / path
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            mode = entry.external_attr >> 16
            if stat.S_ISLNK(mode):
                links.append((target, archive.read(entry).decode()))
                continue
            target.write_bytes(archive.read(entry))
            target.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
    for target, destination in links:
        target.symlink_to(destination)


def _wanted(archive: zipfile.ZipFile, only: Collection[str] | None) -> Collection[str]:
    """All entries where one of `only` is no plain file: a symbolic link may lead to any other."""
    entries = {entry.filename: entry for entry in archive.infolist()}
    names = {posixpath.normpath(name) for name in only or ()}
    plain = {name for name in names if name in entries and not stat.S_ISLNK(entries[name].external_attr >> 16)}
    return entries.keys() if only is None or plain != names else plain


def _key_part(text: str, length: int) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:length]

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal.codepipeline.artifacts import S3Artifacts, StoredArtifact, pack, unpack
from rehearsal.codepipeline.definition import ArtifactStore


class FakeS3(boto3.Session):
    """Keeps what is put, and the arguments of each put."""

    def __init__(self) -> None:
        super().__init__(region_name="eu-west-1")
        self.puts: list[dict[str, Any]] = []

    def client(self, service_name: str, *_: Any, **__: Any) -> Any:
        assert service_name == "s3"
        return self

    def put_object(self, **arguments: Any) -> None:
        self.puts.append(arguments)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        (body,) = [put["Body"] for put in self.puts if (put["Bucket"], put["Key"]) == (Bucket, Key)]
        return {"Body": io.BytesIO(body)}


def folder_with_files(folder: Path) -> Path:
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "plain.txt").write_text("plain")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("deep/plain.txt")
    return folder


def test_unpack_gives_back_files_executable_bits_and_links(tmp_path: Path) -> None:
    source = folder_with_files(tmp_path / "source")

    unpack(pack(source), tmp_path / "target")

    target = tmp_path / "target"
    assert (target / "deep" / "plain.txt").read_text() == "plain"
    assert os.access(target / "run.sh", os.X_OK)
    assert not os.access(target / "deep" / "plain.txt", os.X_OK)
    assert (target / "link").readlink() == Path("deep/plain.txt")


def test_pack_gives_the_same_bytes_for_the_same_files(tmp_path: Path) -> None:
    first = folder_with_files(tmp_path / "first")
    second = folder_with_files(tmp_path / "second")
    os.utime(second / "run.sh", (1, 1))

    assert pack(first) == pack(second)


@pytest.mark.parametrize("name", ["deep/plain.txt", "./deep/../deep/plain.txt"])
def test_unpack_gives_back_the_files_that_are_named_alone(tmp_path: Path, name: str) -> None:
    source = folder_with_files(tmp_path / "source")

    unpack(pack(source), tmp_path / "target", only=[name])

    target = tmp_path / "target"
    assert [path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()] == ["deep/plain.txt"]


@pytest.mark.parametrize("name", ["link", "deep", "not-there.txt"])
def test_unpack_gives_back_all_when_a_name_is_not_that_of_a_plain_file(tmp_path: Path, name: str) -> None:
    source = folder_with_files(tmp_path / "source")

    unpack(pack(source), tmp_path / "target", only=[name])

    assert (tmp_path / "target" / "link").read_text() == "plain"
    assert (tmp_path / "target" / "run.sh").is_file()


@pytest.mark.parametrize("only", [None, ["fine"]])
@pytest.mark.parametrize("path", ["../escaped", "deep/../../escaped", "{}/escaped"])
def test_unpack_refuses_a_path_outside_of_the_folder(tmp_path: Path, path: str, only: list[str] | None) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("fine", "x")
        archive.writestr(path.format(tmp_path), "x")

    with pytest.raises(ValueError, match="escaped"):
        unpack(buffer.getvalue(), tmp_path / "target", only=only)

    assert not (tmp_path / "escaped").exists()


def test_upload_encrypts_with_the_key_of_the_store(tmp_path: Path) -> None:
    s3 = FakeS3()
    store = ArtifactStore("bucket", "arn:aws:kms:eu-west-1:111111111111:key/k")

    stored = S3Artifacts().upload(
        folder_with_files(tmp_path / "source"), name="Build_Output", pipeline="a-pipeline", store=store, session=s3
    )

    (put,) = s3.puts
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", store.kms_key)
    assert stored.key.startswith("a-pipeline/Build_Outp/")


def test_download_gives_back_what_was_uploaded(tmp_path: Path) -> None:
    s3 = FakeS3()
    stored = S3Artifacts().upload(
        folder_with_files(tmp_path / "source"), name="Code", pipeline="p", store=ArtifactStore("bucket"), session=s3
    )

    S3Artifacts().download(StoredArtifact(stored.name, stored.bucket, stored.key), tmp_path / "target", session=s3)

    assert (tmp_path / "target" / "deep" / "plain.txt").read_text() == "plain"

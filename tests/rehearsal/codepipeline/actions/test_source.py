from __future__ import annotations

import io
import tarfile
from dataclasses import replace

import pytest

from rehearsal.codepipeline.actions.source import SourceAction, source_variables
from rehearsal.errors import Unsupported
from rehearsal.source.commit import Commit
from tests.rehearsal.codepipeline.actions.fake_context import ContextMaker

CONNECTION = "arn:aws:codeconnections:eu-west-1:111111111111:connection/c"


def commit() -> Commit:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("app.py"))
    return Commit(
        id="c0ffee" * 6 + "c0ff",
        message="Answer faster\n\nBy far",
        author="Ada",
        author_email="ada@example.com",
        date="2019-07-29T20:09:31Z",
        committer_date="2019-07-30T20:09:31Z",
        branch="feature",
        archive=buffer.getvalue(),
    )


def test_run_leaves_the_commits_files_and_tells_its_revision(make_context: ContextMaker) -> None:
    context = make_context({"BranchName": "main"}, provider="CodeCommit", outputs=("Source",))

    result = SourceAction(commit()).run(context)

    assert [path.name for path in context.outputs["Source"].iterdir()] == ["app.py"]
    assert result.revision == commit().id
    assert result.variables["CommitId"] == commit().id
    assert make_context.lines == ["Commit c0ffeec0ffee by Ada: Answer faster"]


def commit_with_links() -> Commit:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("shared/app.py"))
        for name, target in (("app.py", "shared/app.py"), ("lib", "shared"), ("gone", "../elsewhere")):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
    return replace(commit(), archive=buffer.getvalue())


@pytest.mark.parametrize("provider", ["CodeStarSourceConnection", "CodeCommit", "GitHub"])
def test_run_turns_symbolic_links_into_text_files_as_codepipeline_does(
    make_context: ContextMaker, provider: str
) -> None:
    context = make_context({}, provider=provider, outputs=("Source",))

    SourceAction(commit_with_links()).run(context)

    folder = context.outputs["Source"]
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    texts = {name: (folder / name).read_text() for name in ("app.py", "lib", "gone")}
    assert texts == {"app.py": "shared/app.py", "lib": "shared", "gone": "../elsewhere"}
    assert "Symbolic links become text files, as on AWS: app.py, gone, lib" in make_context.lines


def test_run_keeps_the_links_of_an_object_in_s3(make_context: ContextMaker) -> None:
    context = make_context({}, provider="S3", outputs=("Source",))

    SourceAction(commit_with_links()).run(context)

    assert (context.outputs["Source"] / "app.py").is_symlink()


def test_run_refuses_a_clone_of_the_repository(make_context: ContextMaker) -> None:
    context = make_context({"OutputArtifactFormat": "CODEBUILD_CLONE_REF"}, provider="CodeCommit", outputs=("Source",))

    with pytest.raises(Unsupported, match="OutputArtifactFormat CODEBUILD_CLONE_REF"):
        SourceAction(commit()).run(context)


def test_run_refuses_a_provider_that_it_does_not_know(make_context: ContextMaker) -> None:
    with pytest.raises(Unsupported, match="Source provider ECR"):
        SourceAction(commit()).run(make_context({}, provider="ECR", outputs=("Source",)))


@pytest.mark.parametrize(
    ("provider", "configuration", "expected"),
    [
        (
            "CodeStarSourceConnection",
            {"ConnectionArn": CONNECTION, "FullRepositoryId": "acs/cars", "BranchName": "main"},
            {
                "AuthorDate": "2019-07-29T20:09:31Z",
                "AuthorDisplayName": "Ada",
                "AuthorEmail": "ada@example.com",
                "AuthorId": "ada@example.com",
                "BranchName": "main",
                "CommitId": commit().id,
                "CommitMessage": "Answer faster\n\nBy far",
                "ConnectionArn": CONNECTION,
                "FullRepositoryName": "acs/cars",
            },
        ),
        (
            "CodeCommit",
            {"RepositoryName": "cars", "BranchName": "main"},
            {
                "AuthorDate": "2019-07-29T20:09:31Z",
                "BranchName": "main",
                "CommitId": commit().id,
                "CommitMessage": "Answer faster\n\nBy far",
                "CommitterDate": "2019-07-30T20:09:31Z",
                "RepositoryName": "cars",
            },
        ),
        (
            "GitHub",
            {"Owner": "acs", "Repo": "cars", "Branch": "main"},
            {
                "AuthorDate": "2019-07-29T20:09:31Z",
                "BranchName": "main",
                "CommitId": commit().id,
                "CommitMessage": "Answer faster\n\nBy far",
                "CommitterDate": "2019-07-30T20:09:31Z",
                "CommitUrl": f"https://api.github.com/repos/acs/cars/git/commits/{commit().id}",
                "RepositoryName": "cars",
            },
        ),
    ],
)
def test_source_variables_are_those_of_the_provider(
    provider: str, configuration: dict[str, str], expected: dict[str, str]
) -> None:
    assert source_variables(provider, configuration, commit()) == expected


def test_source_variables_of_s3_name_the_object() -> None:
    variables = source_variables("S3", {"S3Bucket": "bucket", "S3ObjectKey": "source.zip"}, commit())

    assert variables.keys() == {"BucketName", "ETag", "ObjectKey", "VersionId"}
    assert (variables["BucketName"], variables["ObjectKey"]) == ("bucket", "source.zip")

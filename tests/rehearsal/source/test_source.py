"""Real repositories, real git: what is packed, and that the user's repository stays as it was."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from rehearsal.errors import BadInput
from rehearsal.source.commit import checkout

DATE = "2019-07-29T20:09:31Z"
PATCH = """--- a/app.py
+++ b/app.py
@@ -1 +1 @@
-print("old")
+print("new")
"""


def git(folder: Path, *arguments: str) -> str:
    environment = {
        **os.environ,
        "GIT_AUTHOR_DATE": DATE,
        "GIT_COMMITTER_DATE": DATE,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    command = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below the folder, git's own included, with its content and time."""
    return {
        str(path.relative_to(folder)): f"{path.lstat().st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "app.py").write_text('print("old")\n')
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / ".gitignore").write_text("ignored\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "First commit\n\nWith a body")
    return folder


def patch_file(folder: Path, content: str = PATCH, name: str = "01-bad.patch") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def test_checkout_packs_tracked_files_only_when_the_tree_has_leftovers(project: Path, tmp_path: Path) -> None:
    (project / "ignored").write_text("left over")
    (project / "untracked").write_text("left over")
    (project / "app.py").write_text('print("not committed")\n')

    commit = checkout(project)
    commit.unpack(tmp_path / "out")

    names = sorted(path.name for path in (tmp_path / "out").rglob("*"))
    assert names == [".gitignore", "app.py", "run.sh"]
    assert (tmp_path / "out" / "app.py").read_text() == 'print("old")\n'
    assert os.access(tmp_path / "out" / "run.sh", os.X_OK)
    assert sorted(commit.uncommitted) == ["app.py", "untracked"]


def test_checkout_tells_what_a_source_provider_knows(project: Path) -> None:
    commit = checkout(project)

    assert commit.id == git(project, "rev-parse", "HEAD")
    assert commit.message == "First commit\n\nWith a body"
    assert commit.title == "First commit"
    assert (commit.author, commit.author_email, commit.branch) == ("Ada", "ada@example.com", "main")
    assert (commit.date, commit.committer_date) == (DATE, DATE)


def test_checkout_packs_the_whole_repository_when_the_app_is_in_a_folder_of_it(project: Path, tmp_path: Path) -> None:
    (project / "infra").mkdir()
    (project / "infra" / "app.py").write_text("")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "Infra")

    checkout(project / "infra").unpack(tmp_path / "out")

    assert (tmp_path / "out" / "run.sh").exists()
    assert (tmp_path / "out" / "infra" / "app.py").exists()


def test_checkout_packs_an_older_commit_when_it_is_named(project: Path, tmp_path: Path) -> None:
    first = git(project, "rev-parse", "HEAD")
    (project / "app.py").write_text("second")
    git(project, "commit", "--quiet", "-am", "Second")

    commit = checkout(project, rev="HEAD~1")
    commit.unpack(tmp_path / "out")

    assert commit.id == first
    assert (tmp_path / "out" / "app.py").read_text() == 'print("old")\n'


def test_checkout_packs_a_commit_with_the_patch_when_one_is_given(project: Path, tmp_path: Path) -> None:
    commit = checkout(project, patch=patch_file(tmp_path))
    commit.unpack(tmp_path / "out")

    assert (tmp_path / "out" / "app.py").read_text() == 'print("new")\n'
    assert commit.id != git(project, "rev-parse", "HEAD")
    assert commit.message == "Patch 01-bad.patch"
    assert (commit.author, commit.date, commit.branch) == ("Local run", DATE, "main")


def test_checkout_gives_the_same_commit_when_the_same_patch_is_applied_again(project: Path, tmp_path: Path) -> None:
    patch = patch_file(tmp_path)

    assert checkout(project, patch=patch).id == checkout(project, patch=patch).id


def test_checkout_takes_the_subject_when_git_format_patch_wrote_the_patch(project: Path, tmp_path: Path) -> None:
    (project / "app.py").write_text('print("new")\n')
    git(project, "commit", "--quiet", "-am", "Answer faster")
    content = git(project, "format-patch", "-1", "--stdout") + "\n"
    git(project, "reset", "--quiet", "--hard", "HEAD~1")

    commit = checkout(project, patch=patch_file(tmp_path, content))

    assert commit.message == "Answer faster"


def test_checkout_leaves_the_repository_as_it_was_and_runs_no_hook(project: Path, tmp_path: Path) -> None:
    for name in ("post-commit", "post-checkout", "pre-commit", "post-applypatch", "reference-transaction"):
        hook = project / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {project}/hook-ran\n")
        hook.chmod(0o755)
    os.utime(project / "app.py")  # a stale index, which `git status` would refresh
    patch = patch_file(tmp_path)
    before = snapshot(project)

    checkout(project, patch=patch)
    checkout(project)

    assert snapshot(project) == before


def test_checkout_packs_what_was_committed_when_attributes_and_settings_would_change_it(
    project: Path, tmp_path: Path
) -> None:
    git(project, "config", "core.autocrlf", "true")
    git(project, "config", "commit.gpgsign", "true")

    commit = checkout(project, patch=patch_file(tmp_path))
    commit.unpack(tmp_path / "out")

    assert (tmp_path / "out" / "app.py").read_bytes() == b'print("new")\n'


def test_checkout_says_what_git_says_when_the_patch_does_not_apply(project: Path, tmp_path: Path) -> None:
    patch = patch_file(tmp_path, PATCH.replace("old", "never there"))

    with pytest.raises(BadInput, match=r"01-bad\.patch does not apply") as caught:
        checkout(project, patch=patch)

    assert "error: patch failed: app.py:1" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"), [("", "does not apply"), (None, "There is no patch file")], ids=["empty", "missing"]
)
def test_checkout_refuses_a_patch_that_is_empty_or_missing(
    project: Path, tmp_path: Path, content: str | None, words: str
) -> None:
    patch = tmp_path / "gone.patch" if content is None else patch_file(tmp_path, content)

    with pytest.raises(BadInput, match=words):
        checkout(project, patch=patch)


def test_checkout_refuses_a_revision_that_is_not_there(project: Path) -> None:
    with pytest.raises(BadInput, match="There is no commit 'nope'"):
        checkout(project, rev="nope")


def test_checkout_refuses_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    with pytest.raises(BadInput, match="There is no commit 'HEAD'"):
        checkout(tmp_path)


def test_checkout_refuses_a_folder_that_is_in_no_repository(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not in a git repository"):
        checkout(tmp_path)


def test_checkout_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no folder"):
        checkout(tmp_path / "gone")

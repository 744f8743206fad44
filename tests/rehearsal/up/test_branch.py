from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rehearsal.errors import BadInput
from rehearsal.up.branch import Branch, branch_to_release


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=n", "-c", "user.email=e@e")
        done = subprocess.run(["git", *identity, *words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, text: str) -> str:
        self.git("commit", "-q", "--allow-empty", "-m", text)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.commit("one")
    return repository


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_new_commit_is_answered_once(repository: Repository) -> None:
    branch = Branch(repository.folder, "main")
    first = repository.git("rev-parse", "HEAD")

    assert [branch.new_commit(), branch.new_commit()] == [first, None]
    second = repository.commit("two")
    assert [branch.new_commit(), branch.new_commit()] == [second, None]


def test_reset_and_amended_branch_are_new_commits(repository: Repository) -> None:
    branch = Branch(repository.folder, "main")
    first, second = branch.new_commit(), repository.commit("two")
    branch.new_commit()

    repository.git("reset", "-q", "--hard", str(first))
    after_reset = branch.new_commit()
    repository.git("commit", "-q", "--allow-empty", "--amend", "-m", "other")
    amended = branch.new_commit()

    assert after_reset == first
    assert amended == repository.git("rev-parse", "HEAD")
    assert second not in (after_reset, amended)


def test_packed_branch_is_seen(repository: Repository) -> None:
    branch = Branch(repository.folder, "main")
    branch.new_commit()
    second = repository.commit("two")

    repository.git("pack-refs", "--all")

    assert branch.new_commit() == second


def test_branch_is_asked_now_and_then_whatever_its_files_say(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time()
    branch = Branch(repository.folder, "main", monotonic=time)
    branch._files = []
    branch.new_commit()
    second = repository.commit("two")

    at_once = branch.new_commit()
    time.now = 6.0

    assert (at_once, branch.new_commit()) == (None, second)


def test_branch_that_is_deleted_is_waited_for(repository: Repository) -> None:
    branch = Branch(repository.folder, "other")
    repository.git("branch", "other")
    first = branch.new_commit()
    repository.git("branch", "-q", "-D", "other")

    while_gone = branch.new_commit()
    repository.commit("two")
    repository.git("branch", "other")

    assert (first is not None, while_gone) == (True, None)
    assert branch.new_commit() == repository.git("rev-parse", "HEAD")


def test_branch_is_the_named_one_or_the_one_that_is_checked_out(repository: Repository) -> None:
    repository.git("branch", "release")

    assert branch_to_release(repository.folder, None) == "main"
    assert branch_to_release(repository.folder, "release") == "release"


def test_detached_head_needs_a_name(repository: Repository) -> None:
    repository.git("checkout", "-q", "--detach")

    with pytest.raises(BadInput, match=r"detached.*--branch NAME\. There are: main\."):
        branch_to_release(repository.folder, None)


def test_branch_that_is_not_there_is_refused(repository: Repository) -> None:
    with pytest.raises(BadInput, match=r"no branch 'none'.*There are: main\."):
        branch_to_release(repository.folder, "none")


def test_branch_is_found_where_a_tag_has_its_name(repository: Repository) -> None:
    repository.git("tag", "main")

    assert branch_to_release(repository.folder, None) == "main"


def test_branch_without_a_commit_is_named(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "new")

    with pytest.raises(BadInput, match="There is no branch 'main' with a commit"):
        branch_to_release(repository.folder, None)

"""Packs one git commit, with a patch on top of it when one is given: what the source action hands to the pipeline.

Only tracked files, as a push would carry them. It must not write into the user's repository: not its tree, its index,
its objects or its configuration, and none of its hooks runs. A patch becomes a real commit in a bare repository of its
own, which borrows the user's objects.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path

from rehearsal.errors import BadInput
from rehearsal.machine.run_folder import temporary_folder

_PATCH_AUTHOR = "Local run"
_PATCH_EMAIL = "local-run@localhost"
_SHOWN_FILES = 5


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit with its files.

    `date` and `committer_date` are ISO 8601 in UTC, as GitHub writes them (2019-07-29T20:09:31Z). `archive` is a tar of
    the tracked files. `uncommitted` names what was changed in the tree but not committed, so is not in the archive.
    """

    id: str
    message: str
    author: str
    author_email: str
    date: str
    committer_date: str
    branch: str
    archive: bytes = field(repr=False, compare=False)
    uncommitted: tuple[str, ...] = field(default=(), compare=False)

    @property
    def title(self) -> str:
        return self.message.split("\n", 1)[0]

    def unpack(self, folder: Path) -> None:
        """Write the commit's files into `folder`."""
        with tarfile.open(fileobj=io.BytesIO(self.archive)) as archive:
            if hasattr(tarfile, "tar_filter"):
                archive.extractall(folder, filter="tar")
            else:
                archive.extractall(folder)  # noqa: S202  (git wrote it a moment ago, from a tree of its own)


def checkout(project_dir: Path, *, rev: str = "HEAD", patch: Path | None = None) -> Commit:
    """The commit `rev` of the repository that holds `project_dir`; with `patch`, a new commit on top of it.

    The same patch on the same commit gives the same commit id. Raises BadInput when the folder is in no repository,
    there is no such commit, or the patch does not apply (with git's own words).
    """
    top = _top(project_dir)
    commit_id = _git(
        top,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{rev}^{{commit}}",
        problem=(f"There is no commit {rev!r} in {top}. Commit something, or name a branch, a tag or a commit id."),
    )
    uncommitted = _uncommitted(top)
    branch = _branch(top)
    if patch is None:
        return _packed(top, commit_id, branch=branch, uncommitted=uncommitted)
    with temporary_folder("rehearsal-commit-") as folder:
        clone = folder / "clone"
        clone.mkdir()
        _borrow(top, clone)
        patched = _commit_patch(clone, commit_id, patch)
        return _packed(clone, patched, branch=branch, uncommitted=uncommitted)


def current_branch(top: Path) -> str:
    """The branch that is checked out in the repository; "" where HEAD is detached."""
    return _branch(top)


def branches(top: Path) -> list[str]:
    return _git(top, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").splitlines()


def newest_commit(top: Path, branch: str) -> str | None:
    """The id of the commit that the branch is at; None where there is no such branch, or no commit on it."""
    name = f"refs/heads/{branch}^{{commit}}"
    return _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", name, problem="") or None


def git_file(top: Path, name: str) -> Path:
    """Where git keeps the file of that name of this repository or worktree."""
    return top / _git(top, "rev-parse", "--git-path", name)


def _top(project_dir: Path) -> Path:
    if not project_dir.is_dir():
        raise BadInput(f"There is no folder {project_dir}. Name the folder of the CDK app: --project DIR.")
    top = _git(
        project_dir,
        "rev-parse",
        "--show-toplevel",
        problem=(
            f"{project_dir} is not in a git repository, and the source action packs a commit. "
            "Run `git init`, commit, and run again."
        ),
    )
    return Path(top)


def _uncommitted(top: Path) -> tuple[str, ...]:
    """Files that the commit misses. `--no-optional-locks` keeps git from refreshing the user's index."""
    listing = _git(
        top, "--no-optional-locks", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal"
    )
    return tuple(entry[3:] for entry in listing.split("\0") if entry)


def _branch(top: Path) -> str:
    """Whole names, for the short ones of git are others where a tag has the branch's name."""
    return _git(top, "symbolic-ref", "--quiet", "HEAD", problem="").removeprefix("refs/heads/")


def _packed(repository: Path, commit_id: str, *, branch: str, uncommitted: tuple[str, ...]) -> Commit:
    fields = _git(repository, "show", "--no-patch", "--no-show-signature", "--encoding=UTF-8",
                  "--format=%an%x00%ae%x00%at%x00%ct%x00%B", commit_id)  # fmt: skip
    author, email, author_time, committer_time, message = fields.split("\0", 4)
    # Files as they were committed: no line ends changed, none left out or filled in by the user's own attributes.
    archive = _run(repository, ("-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null",
                                "archive", "--format=tar", commit_id))  # fmt: skip
    return Commit(
        id=commit_id,
        message=message.strip(),
        author=author,
        author_email=email,
        date=_iso(author_time),
        committer_date=_iso(committer_time),
        branch=branch,
        archive=archive.stdout,
        uncommitted=uncommitted,
    )


def _borrow(top: Path, clone: Path) -> None:
    """Make a bare repository that reads the objects of `top` and writes its own."""
    object_format = _git(top, "rev-parse", "--show-object-format")
    objects = (top / _git(top, "rev-parse", "--git-path", "objects")).resolve()
    _git(clone, "init", "--quiet", "--bare", "--template=", f"--object-format={object_format}")
    alternates = clone / "objects" / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text(f"{objects}\n")


def _commit_patch(clone: Path, parent: str, patch: Path) -> str:
    if not patch.is_file():
        raise BadInput(f"There is no patch file {patch}. Name one that exists: --patch FILE.")
    _git(clone, "read-tree", parent)
    applied = _run(clone, ("apply", "--cached", "--whitespace=nowarn", str(patch.resolve())), check=False)
    if applied.returncode != 0:
        raise BadInput(
            f"The patch {patch} does not apply to commit {parent[:12]}. Git says:\n{_words(applied)}\n"
            "Make it anew on that commit (git diff > FILE), or check out the commit that it was made for. "
            "Nothing was changed."
        )
    tree = _git(clone, "write-tree")
    if tree == _git(clone, "rev-parse", f"{parent}^{{tree}}"):
        raise BadInput(f"The patch {patch} changes nothing in commit {parent[:12]}. Give one that does.")
    date = f"{_git(clone, 'show', '--no-patch', '--format=%ct', parent)} +0000"
    identity = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", _PATCH_AUTHOR), ("EMAIL", _PATCH_EMAIL), ("DATE", date))
    }
    committed = _run(clone, ("commit-tree", tree, "-p", parent, "-m", _patch_message(patch)), environment=identity)
    return committed.stdout.decode().strip()


def _patch_message(patch: Path) -> str:
    """The subject of a patch that `git format-patch` wrote, or the name of its file."""
    content = patch.read_bytes()
    subject = BytesHeaderParser().parsebytes(content).get("Subject", "")
    unfolded = re.sub(r"\s*\n\s*", " ", str(subject))
    return re.sub(r"^\[PATCH[^\]]*\]\s*", "", unfolded).strip() or f"Patch {patch.name}"


def _iso(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _git(folder: Path, *arguments: str, problem: str | None = None) -> str:
    """What git prints. With a `problem`, a failure of git is the user's: BadInput says it, with git's own words."""
    done = _run(folder, arguments, check=problem is None)
    if done.returncode != 0 and problem:
        raise BadInput("\n".join(filter(None, (problem, _words(done)))))
    return done.stdout.decode("utf-8", "replace").strip("\n")


def _run(
    folder: Path, arguments: tuple[str, ...], *, environment: Mapping[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[bytes]:
    """Git without hooks and without questions, whatever the caller's environment says."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(environment or {})}
    command = ("git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", *arguments)
    try:
        done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, check=False)
    except FileNotFoundError as exc:
        raise BadInput("git is needed, and there is no `git` on the PATH. Install it, then run again.") from exc
    if check and done.returncode != 0:
        name = next(word for before, word in zip(("", *arguments), arguments, strict=False)
                    if before != "-c" and not word.startswith("-"))  # fmt: skip
        raise BadInput(f"`git {name}` failed in {folder}. Git says:\n{_words(done)}")
    return done


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode("utf-8", "replace").strip()

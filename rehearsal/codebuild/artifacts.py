"""The files that a buildspec's artifacts sections name, put into the output artifacts' folders.

It must not know stores or zip files. Source: CodeBuild user guide, "Build specification reference", artifacts; "AWS
CodeBuild build and test action reference", output artifacts.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import string
from collections.abc import Iterator, Mapping
from pathlib import Path

from rehearsal.codebuild.buildspec import ArtifactFiles, Buildspec


class ArtifactsError(Exception):
    """The artifacts that the buildspec promises are not there: the phase UPLOAD_ARTIFACTS fails."""


def collect_artifacts(
    buildspec: Buildspec, *, source: Path, environment: Mapping[str, str], outputs: Mapping[str, Path]
) -> None:
    """Fill each output artifact's folder. `environment` is the build's at its end.

    A single output artifact is the buildspec's primary one; of several, each is the secondary artifact of its name.
    """
    for name, folder in outputs.items():
        count = _collect(_files_of(buildspec, name, is_only=len(outputs) == 1), source, environment, folder)
        if count == 0:
            raise ArtifactsError(f"no matching artifact paths found for the output artifact {name}")


def _files_of(buildspec: Buildspec, name: str, *, is_only: bool) -> ArtifactFiles:
    files = buildspec.secondary_artifacts.get(name)
    if files is None and is_only:
        files = buildspec.artifacts
    if files is None:
        section = "artifacts/files" if is_only else f"artifacts/secondary-artifacts/{name}"
        raise ArtifactsError(f"the action has the output artifact {name}, and the buildspec has no {section}")
    return files


def _collect(files: ArtifactFiles, source: Path, environment: Mapping[str, str], folder: Path) -> int:
    wanted = [_pattern(_expand(pattern, environment)) for pattern in files.files]
    excluded = [_pattern(_expand(pattern, environment)) for pattern in files.exclude_paths]
    count = 0
    for base in _base_directories(_expand(files.base_directory, environment), source):
        for path in _walk(base):
            relative = path.relative_to(base).as_posix()
            if not any(pattern.fullmatch(relative) for pattern in wanted):
                continue
            if any(pattern.fullmatch(relative) for pattern in excluded):
                continue
            target = folder / (path.name if files.has_discarded_paths else relative)
            count += _place(path, target, is_link_kept=files.has_symlinks)
    return count


def _base_directories(base_directory: str, source: Path) -> list[Path]:
    """One folder, or all that the base directory's pattern matches."""
    matches = glob.glob(str(source / base_directory))  # noqa: PTH207  (a base directory may be absolute)
    found = [path for path in map(Path, sorted(matches)) if path.is_dir()]
    if not found:
        raise ArtifactsError(f"no matching base directory path found for {base_directory}")
    return found


def _walk(base: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(base):
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        for name in sorted(files + links):
            yield Path(folder) / name


def _place(path: Path, target: Path, *, is_link_kept: bool) -> bool:
    """Whether the file was put there. The build is over, so the artifact may share the file's blocks."""
    real = path.resolve()
    if not is_link_kept and not real.is_file():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if is_link_kept and path.is_symlink():
        target.symlink_to(path.readlink())
        return True
    try:
        target.hardlink_to(real)
    except OSError:
        shutil.copy2(real, target)
    return True


def _pattern(pattern: str) -> re.Pattern[str]:
    """`**` matches any folders, `*` within one; files whose names begin with a dot are matched like others."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern.removeprefix("./"))
    special = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(special.get(part) or (part if part.startswith("[") else re.escape(part)) for part in parts)
    )


def _expand(text: str, environment: Mapping[str, str]) -> str:
    """`$NAME` and `${NAME}`, as the shell would put them in; an unknown name stays."""
    return string.Template(text).safe_substitute(environment)

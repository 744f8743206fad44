"""The buildspec of a deployed project: its own text, or a file of the source.

It must not look into S3. Source: CodeBuild user guide, "Buildspec file name and storage location".
"""

from __future__ import annotations

from pathlib import Path

from rehearsal.codebuild.buildspec import Buildspec, BuildspecError, is_inline, parse_buildspec
from rehearsal.codebuild.project import Project
from rehearsal.errors import ActionFailed, Unsupported

_FILE = "buildspec.yml"


def read_buildspec(project: Project, source: Path | None) -> Buildspec:
    """The project's own text, or the file in the source folder that it names.

    Raises ActionFailed for a bad one, and Unsupported for one that cannot be run here.
    """
    text, where = project.buildspec, f"of project {project.name}"
    if not is_inline(text):
        name = text or _FILE
        if name.startswith("arn:"):
            raise Unsupported(f"Project {project.name}: a buildspec in S3 ({name}) is not supported here.")
        if source is None or not (source / name).is_file():
            raise ActionFailed(
                f"YAML_FILE_ERROR: project {project.name} needs the buildspec file {name} in its source."
            )
        text, where = (source / name).read_text(encoding="utf-8"), f"{name} of project {project.name}"
    try:
        buildspec = parse_buildspec(text)
    except BuildspecError as exc:
        raise ActionFailed(f"YAML_FILE_ERROR: the buildspec {where} is wrong: {exc}. Nothing of it was run.") from exc
    if buildspec.refused:
        raise Unsupported(f"The buildspec {where} cannot be run here: {'; '.join(buildspec.refused)}.")
    return buildspec

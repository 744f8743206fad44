"""Files of artifacts, cases as in the buildspec reference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rehearsal.codebuild.artifacts import ArtifactsError, collect_artifacts
from rehearsal.codebuild.buildspec import ArtifactFiles, Buildspec


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for name in ("app.py", "dist/index.html", "dist/js/app.js", "dist/js/deep/x.js", "dist/.hidden", "dist-2/more"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / "app.py").chmod(0o755)
    (folder / "dist" / "link.html").symlink_to("index.html")
    return folder


def collect(source: Path, files: ArtifactFiles, **environment: str) -> list[str]:
    output = source.parent / "output"
    output.mkdir()
    collect_artifacts(
        Buildspec(version="0.2", artifacts=files), source=source, environment=environment, outputs={"Out": output}
    )
    return sorted(path.relative_to(output).as_posix() for path in output.rglob("*") if not path.is_dir())


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (ArtifactFiles(files=("app.py",)), ["app.py"]),
        (ArtifactFiles(files=("dist/*",)), ["dist/.hidden", "dist/index.html", "dist/link.html"]),
        (ArtifactFiles(files=("./dist/js/**/*",)), ["dist/js/app.js", "dist/js/deep/x.js"]),
        (
            ArtifactFiles(files=("**/*",), base_directory="dist"),
            [".hidden", "index.html", "js/app.js", "js/deep/x.js", "link.html"],
        ),
        (
            ArtifactFiles(files=("**/*",), base_directory="dist*", exclude_paths=("**/*.js", ".*")),
            ["index.html", "link.html", "more"],
        ),
        (ArtifactFiles(files=("**/*.js",), has_discarded_paths=True), ["app.js", "x.js"]),
        (ArtifactFiles(files=("$WHAT/js/[ab]pp.js",)), ["dist/js/app.js"]),
        (ArtifactFiles(files=("more",), base_directory="${WHAT}-2"), ["more"]),
    ],
)
def test_collect_artifacts_takes_what_the_patterns_match(
    source: Path, files: ArtifactFiles, expected: list[str]
) -> None:
    assert collect(source, files, WHAT="dist") == expected


def test_collect_artifacts_keeps_content_and_modes(source: Path) -> None:
    collect(source, ArtifactFiles(files=("**/*",)))

    output = source.parent / "output"
    assert os.access(output / "app.py", os.X_OK)
    assert (output / "dist" / "link.html").read_text() == "dist/index.html"
    assert not (output / "dist" / "link.html").is_symlink()


def test_collect_artifacts_keeps_links_when_the_buildspec_says_so(source: Path) -> None:
    collect(source, ArtifactFiles(files=("dist/link.html",), has_symlinks=True))

    assert os.readlink(source.parent / "output" / "dist" / "link.html") == "index.html"  # noqa: PTH115


def test_collect_artifacts_fills_each_of_several_outputs_by_its_name(source: Path) -> None:
    outputs = {name: source.parent / name for name in ("Code", "Site")}
    for folder in outputs.values():
        folder.mkdir()
    buildspec = Buildspec(
        version="0.2",
        secondary_artifacts={
            "Code": ArtifactFiles(files=("app.py",)),
            "Site": ArtifactFiles(files=("index.html",), base_directory="dist"),
        },
    )

    collect_artifacts(buildspec, source=source, environment={}, outputs=outputs)

    assert [path.name for folder in outputs.values() for path in folder.iterdir()] == ["app.py", "index.html"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (ArtifactFiles(files=("nothing/**/*",)), "no matching artifact paths found for the output artifact Out"),
        (ArtifactFiles(files=("**/*",), base_directory="build"), "no matching base directory path found for build"),
    ],
)
def test_collect_artifacts_fails_when_what_is_promised_is_not_there(
    source: Path, files: ArtifactFiles, words: str
) -> None:
    with pytest.raises(ArtifactsError, match=words):
        collect(source, files)


def test_collect_artifacts_fails_when_the_buildspec_has_none_for_the_output(source: Path) -> None:
    with pytest.raises(ArtifactsError, match="the buildspec has no artifacts/files"):
        collect_artifacts(Buildspec(version="0.2"), source=source, environment={}, outputs={"Out": source})

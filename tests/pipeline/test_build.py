"""The build: what a commit has to pass before anything is deployed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pipeline.build import COMMANDS
from tests.assembly import Template

Buildspecs = dict[str, dict[str, Any]]


def test_build_checks_style_and_types_and_tests_what_it_has_synthesized(
    template: Template, buildspecs: Buildspecs, stages: dict[str, dict[str, Any]]
) -> None:
    (action,) = stages["Build"]["Actions"]
    buildspec = buildspecs[action["Configuration"]["ProjectName"]["Ref"]]
    assert buildspec["phases"]["build"]["commands"] == [
        "ruff check .",
        "ruff format --check .",
        "python3 scripts/background.py start mypy mypy .",
        "cdk synth --quiet",
        "python3 scripts/background.py wait mypy",
        "python3 scripts/background.py start canary "
        "python -m scripts.canary --check cdk.out --odds test-reports/canary-odds.json",
        "pytest -n logical --maxprocesses=4 --assembly=cdk.out --hypothesis-profile=build "
        "--ignore=tests/rehearsal --ignore=tests/bench --ignore=tests/scripts/canary --ignore=tests/pipeline/release "
        "--ignore=tests/service/failures/redrive --ignore=tests/service/packaging/test_rebuilding.py "
        "--ignore=tests/integ/test_mutations.py --ignore=tests/integ/test_stories.py "
        "--ignore=tests/pipeline/evidence/test_junit.py --ignore=tests/test_canary_promises.py "
        "--ignore=tests/pipeline/monitor/test_with_local_aws.py "
        "--junitxml=test-reports/unit-tests.xml",
        "python3 scripts/background.py wait canary",
    ]


def test_build_starts_no_local_aws() -> None:
    """Its servers are the local run's, and a build has neither time nor room for them."""
    tests = Path(__file__).parent.parent
    left_out = [tests.parent / path for path in re.findall(r"--ignore=(\S+)", " ".join(COMMANDS))]
    starting = {
        path for path in tests.rglob("test_*.py") if re.search("^from .* import LocalCloud", path.read_text(), re.M)
    }

    assert starting
    assert [path for path in starting if not any(path.is_relative_to(ignored) for ignored in left_out)] == []


def test_cloud_assembly_and_test_report_are_the_builds_only_artifacts(
    buildspecs: Buildspecs, stages: dict[str, dict[str, Any]]
) -> None:
    (action,) = stages["Build"]["Actions"]
    buildspec = buildspecs[action["Configuration"]["ProjectName"]["Ref"]]
    assert buildspec["artifacts"]["secondary-artifacts"] == {
        "Build_Output": {"base-directory": "cdk.out", "files": ["**/*"]},
        "Build_test_reports": {"base-directory": "test-reports", "files": ["**/*"]},
    }
    assert [artifact["Name"] for artifact in action["OutputArtifacts"]] == ["Build_Output", "Build_test_reports"]
    (report,) = buildspec["reports"].values()
    assert report == {"files": ["*.xml"], "base-directory": "test-reports", "file-format": "JUNITXML"}


def test_nothing_that_reaches_the_cloud_assembly_is_kept_from_one_build_to_the_next(
    template: Template, buildspecs: Buildspecs
) -> None:
    kept = [path for buildspec in buildspecs.values() for path in buildspec.get("cache", {}).get("paths", [])]
    caches = [project["Properties"]["Cache"] for project in template.of_type("AWS::CodeBuild::Project").values()]
    assert kept == [".mypy_cache/**/*"]
    assert [cache for cache in caches if cache != {"Type": "NO_CACHE"}] == [
        {"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]}
    ]


def test_build_has_no_permission_beyond_its_artifacts_logs_and_reports(
    template: Template, stages: dict[str, dict[str, Any]]
) -> None:
    (action,) = stages["Build"]["Actions"]
    project = template.resources[action["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    statements = template.statements_of(project["ServiceRole"]["Fn::GetAtt"][0])
    services = {action.split(":")[0] for statement in statements for action in statement["Action"]}
    assert services == {"logs", "codebuild", "s3", "kms"}

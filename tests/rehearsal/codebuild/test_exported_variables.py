from __future__ import annotations

import json

import pytest

from rehearsal.codebuild.buildspec import Buildspec, parse_buildspec
from rehearsal.codebuild.exported_variables import export_variables, notices_of_exports
from rehearsal.errors import ActionFailed


def exporting(*names: str, **env: dict[str, str]) -> Buildspec:
    phases = {"build": {"commands": ["true"]}}
    return parse_buildspec(
        json.dumps({"version": "0.2", "env": {"exported-variables": names, **env}, "phases": phases})
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("AWS_SESSION_TOKEN", "CodeBuild exports no variable that begins with AWS_"),
        ("AWS_MINE", "CodeBuild exports no variable that begins with AWS_"),
        ("TOKEN", "CodeBuild exports no secret of Parameter Store or Secrets Manager"),
        ("NEVER_SET", "the build has no such variable at its end"),
        ("COPY", "it holds a credential of the build"),
        ("1ST", "it is no name of an environment variable"),
    ],
)
def test_export_variables_leaves_out_what_codebuild_does_with_the_reason(name: str, reason: str) -> None:
    environment = {"AWS_SESSION_TOKEN": "t0ken", "AWS_MINE": "1", "TOKEN": "s", "COPY": "<t0ken>", "1ST": "1", "A": "2"}

    exported = export_variables(exporting("A", name), environment, secrets={"TOKEN"}, credentials=["t0ken"])

    assert exported.variables == {"A": "2"}
    assert exported.left_out == (f"{name} is not exported: {reason}.",)


def test_export_variables_hands_on_codebuilds_own() -> None:
    exported = export_variables(
        exporting("CODEBUILD_BUILD_ID"), {"CODEBUILD_BUILD_ID": "a:b"}, secrets=(), credentials=()
    )

    assert exported.variables == {"CODEBUILD_BUILD_ID": "a:b"}


@pytest.mark.parametrize("size", [122_879, 122_880])
def test_export_variables_fails_when_they_are_more_than_codepipeline_allows(size: int) -> None:
    environment = {"A": "x" * size}

    def export() -> int:
        return len(export_variables(exporting("A"), environment, secrets=(), credentials=()).variables)

    if size + 1 <= 122_880:
        assert export() == 1
    else:
        with pytest.raises(ActionFailed, match="have 122881 bytes; CodePipeline allows 122880"):
            export()


def test_notices_of_exports_name_what_a_buildspec_can_never_export() -> None:
    buildspec = exporting("A", "AWS_REGION", "TOKEN", "PASSWORD", "A-B", **{
        "parameter-store": {"TOKEN": "/token"}, "secrets-manager": {"PASSWORD": "db"},
    })  # fmt: skip

    assert [notice.split(" ")[0] for notice in notices_of_exports(buildspec)] == [
        "AWS_REGION",
        "TOKEN",
        "PASSWORD",
        "A-B",
    ]

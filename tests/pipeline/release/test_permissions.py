"""The policy that the runbook gives release managers lets them do what the commands call, and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.names import APPROVAL, PIPELINE_NAME, PROD, STAGING
from tests.pipeline.release.test_cli import Releasing
from tests.synthesis import ROOT

S3 = {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}
"""GetObject is the command's, all three are the console's."""


@pytest.fixture
def policy() -> Mapping[str, Any]:
    text = (ROOT / "docs" / "runbook" / "pipeline.md").read_text()
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    found: Mapping[str, Any] = json.loads(block)
    return found


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_policy_has_the_actions_of_the_commands_and_no_others(
    policy: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Releasing(tmp_path, monkeypatch, capsys) as releasing:
        releasing.released("c1", "c2")
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        for words in (
            ("status",),
            ("history",),
            ("evidence", "--execution", releasing.ids()[0]),
            ("rollback", "--yes"),
        ):
            assert releasing.run(*words)[0] == 0
        releasing.until_idle()
        called = {f"codepipeline:{operation}" for operation in releasing.client.calls}

    allowed = {action for statement in policy["Statement"] for action in _listed(statement["Action"])}
    assert allowed == called | S3


def test_policy_is_about_this_pipeline_and_its_evidence(policy: Mapping[str, Any]) -> None:
    arn = f"arn:aws:codepipeline:REGION:TOOLCHAIN:{PIPELINE_NAME}"
    resources = {statement["Sid"]: _listed(statement["Resource"]) for statement in policy["Statement"]}

    assert resources == {
        "Look": [arn],
        "ReadEvidence": ["arn:aws:s3:::EVIDENCE/executions/*"],
        "FindEvidence": ["arn:aws:s3:::EVIDENCE"],
        "Answer": [f"{arn}/{APPROVAL}/Approve"],
        "GoBack": [f"{arn}/{STAGING}", f"{arn}/{PROD}"],
    }

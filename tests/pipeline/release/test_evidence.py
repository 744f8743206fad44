"""The release manager's evidence on the terminal: of the execution that asks, and no other than the approval names."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline.release import cli
from tests.pipeline.evidence.fakes import refused
from tests.pipeline.executions.fake_codepipeline import lists, lists_actions, stubbed
from tests.pipeline.executions.stories import APPROVAL, BUILD, action_type, detail, revision, summary

BEGAN = datetime.now(UTC)
DIGEST = "d1" * 32
LINK = "https://eu-west-1.console.aws.amazon.com/s3/object/evidence?region=eu-west-1&prefix=executions/e1/index.html"
VERDICT = [
    {"weight": "danger", "text": "A table is replaced.", "anchor": "data"},
    {"weight": "good", "text": "So.", "anchor": "x"},
]


class FakeS3:
    def __init__(self, digest: str = DIGEST, *, is_closed: bool = False) -> None:
        data = json.dumps({"digest": digest, "verdict": VERDICT})
        self._objects = {"index.html": "<html>", "evidence.json": data, "bom.json": "{}"}
        self._is_closed = is_closed

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if self._is_closed:
            raise refused("AccessDenied", "Access Denied.")
        assert Bucket == "evidence"
        return {"Body": io.BytesIO(self._objects[Key.removeprefix("executions/e1/")].encode())}


def knows(stubber: Stubber, *, link: str | None = LINK) -> None:
    """An execution e1, whose approval has this link; None is one that never asked."""
    lists(stubber, [summary("e1", "InProgress", BEGAN, BEGAN, sourceRevisions=revision("c1", "Faster"))])
    shown = {} if link is None else {"CustomData": f"Release it? Evidence {DIGEST}.", "ExternalEntityLink": link}
    asked = {"actionTypeId": action_type("Approval", "Manual"), "resolvedConfiguration": shown}
    stage = BUILD if link is None else APPROVAL
    lists_actions(stubber, "e1", [detail(stage, "Approve", "InProgress", BEGAN, BEGAN, input=asked)])


def asks(stubber: Stubber) -> None:
    approve = {"status": "InProgress", "token": "12345678-1234-4234-8234-123456789012"}
    states = [
        {
            "stageName": APPROVAL,
            "latestExecution": {"pipelineExecutionId": "e1", "status": "InProgress"},
            "actionStates": [{"actionName": "Approve", "latestExecution": approve}],
        }
    ]
    answer = {"pipelineName": "cars", "pipelineVersion": 1, "stageStates": states}
    stubber.add_response("get_pipeline_state", answer, {"name": "cars"})


def run(client: Any, *words: str, s3: FakeS3 | None = None) -> int:
    connect: Any = lambda **_: client  # noqa: E731
    connect_s3: Any = lambda **_: s3 or FakeS3()  # noqa: E731
    return cli.main(["evidence", "--pipeline", "cars", *words], connect=connect, connect_s3=connect_s3)


def test_verdict_of_what_asks_is_shown_with_its_digest(capsys: pytest.CaptureFixture[str]) -> None:
    client, stubber = stubbed()
    asks(stubber)
    knows(stubber)

    assert run(client) == 0

    assert capsys.readouterr().out.splitlines() == [
        "c1 Faster, execution e1",
        "",
        "  Danger  A table is replaced.",
        "  Good    So.",
        "",
        f"Digest: {DIGEST}",
        "Kept:   s3://evidence/executions/e1/",
    ]


def test_page_and_data_of_a_named_execution_are_written_to_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client, stubber = stubbed()
    knows(stubber)

    assert run(client, "--execution", "e1", "--output", str(tmp_path / "seen")) == 0

    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["bom.json", "evidence.json", "index.html"]
    assert (tmp_path / "seen" / "index.html").as_uri() in capsys.readouterr().out


@pytest.mark.parametrize(
    ("link", "s3", "code", "words"),
    [
        (None, FakeS3(), 1, "has not asked for an approval with evidence"),
        ("https://example.com/commit", FakeS3(), 1, "leads to no evidence in a bucket: https://example.com/commit"),
        (LINK, FakeS3("0" * 64), 1, "and the approval names another"),
        (LINK, FakeS3(""), 1, "and the approval names another"),
        (LINK, FakeS3(is_closed=True), 2, "cannot be read from the evidence bucket evidence: Access Denied."),
    ],
)
def test_evidence_that_is_not_there_or_not_the_approvals_is_refused_and_nothing_is_written(
    link: str | None, s3: FakeS3, code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client, stubber = stubbed()
    knows(stubber, link=link)

    assert run(client, "--execution", "e1", "--output", str(tmp_path), s3=s3) == code

    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_to_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client, stubber = stubbed()
    knows(stubber)
    (tmp_path / "file").write_text("")

    assert run(client, "--execution", "e1", "--output", str(tmp_path / "file")) == 2

    assert "--output has to be a folder" in capsys.readouterr().err


def test_nobody_who_asks_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    client, stubber = stubbed()
    stubber.add_response(
        "get_pipeline_state", {"pipelineName": "cars", "pipelineVersion": 1, "stageStates": []}, {"name": "cars"}
    )

    assert run(client) == 1

    assert "name an execution by --execution" in capsys.readouterr().err

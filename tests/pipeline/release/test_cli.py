"""The release manager's command: it shows, asks, does what was shown or nothing, and says what to do next."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.names import PROD
from pipeline.release import cli
from pipeline.release.asking import Clients
from pipeline.release.history import NOT_ASKED
from rehearsal.codepipeline.definition import StageDeclaration
from rehearsal.run_events import ApprovalAnswered, ApprovalRequested
from tests.pipeline.release.evidence_bucket import QUESTION, EvidenceBucket
from tests.pipeline.release.local_codepipeline import LocalClient
from tests.pipeline.shifts.stage import FakeStage, refused
from tests.rehearsal.codepipeline.fake_cloud import action, deploy_stage, source_stage
from tests.rehearsal.codepipeline.test_codepipeline_api import World
from tests.synthesis import ROOT

PUT = "PutApprovalResult"


def prod_stage() -> StageDeclaration:
    stage = deploy_stage(PROD)
    deployment, *others = stage.actions
    of_stack = dataclasses.replace(deployment, configuration={"StackName": "Prod-Api"})
    return dataclasses.replace(stage, actions=(of_stack, *others))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Releasing:
    """A world with a pipeline of Source, ApproveProd and Prod, and the command in front of it."""

    def __init__(
        self,
        home: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        question: dict[str, str] = QUESTION,
    ) -> None:
        ask = action("Approve", category="Approval", provider="Manual", configuration=question)
        approve = StageDeclaration(name="ApproveProd", actions=(ask,))
        self.world = World(home, source_stage(), approve, prod_stage(), bad_commit="bad")
        self.client = LocalClient(self.world)
        self.bucket = EvidenceBucket()
        self.stages: dict[str, FakeStage] = {}
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Releasing:
        return self

    def __exit__(self, *_: object) -> None:
        self.world.bench.engine.stop()
        self.settle()

    def push(self, commit: str) -> None:
        """Releases it until it asks; Prod's tests fail a commit that is called "bad"."""
        asked = threading.Event()
        listener: Callable[[Any], None] = lambda event: asked.set() if isinstance(event, ApprovalRequested) else None  # noqa: E731
        self.world.bench.cloud.event_log.subscribe(listener)
        thread = threading.Thread(target=self.world.bench.release, args=(self.world.pipeline, commit), daemon=True)
        thread.start()
        self._threads.append(thread)
        assert asked.wait(5)
        while not self._is_open():
            threading.Event().wait(0.01)

    def released(self, *commits: str) -> None:
        for commit in commits:
            self.push(commit)
            assert self.answer("approve")[0] == 0
            self.settle()

    def settle(self) -> None:
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def run(self, *words: str, typed: str | None = None) -> tuple[int, str, str]:
        """Exit code, output and error output. `typed` is what a person types; None is no terminal."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO() if typed is None else Terminal(f"{typed}\n"))
        self._capsys.readouterr()
        client: Any = self.client
        connect: Any = lambda **_: Clients(  # noqa: E731
            codepipeline=client, s3=self.bucket.of_region, stage=lambda profile: self.stages[profile].clients()
        )
        code = cli.main([words[0], "--pipeline", "release", *words[1:]], connect=connect)
        out, err = self._capsys.readouterr()
        return code, out, err

    def answer(self, *words: str) -> tuple[int, str, str]:
        """The newest execution's question, as somebody does who has looked at it and is not asked again."""
        return self.run(*words, "--yes", "--execution", self.ids()[-1])

    def until_idle(self) -> None:
        """A rollback runs in a thread of the local CodePipeline's own."""
        for _ in range(500):
            if all(status != "InProgress" for status in self.statuses()):
                return
            threading.Event().wait(0.01)
        raise AssertionError(f"Something still runs: {self.statuses()}")

    def statuses(self) -> list[str]:
        return [str(execution.status) for execution in self.world.pipeline.executions]

    def ids(self) -> list[str]:
        return [execution.id for execution in self.world.pipeline.executions]

    def answers(self) -> list[ApprovalAnswered]:
        return self.world.bench.cloud.events(ApprovalAnswered)

    def _is_open(self) -> bool:
        return self.world.approvals.find("release", "ApproveProd", "Approve") is not None


@pytest.fixture
def releasing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Releasing]:
    with Releasing(tmp_path, monkeypatch, capsys) as made:
        yield made


def test_status_draws_the_pipeline_and_says_what_it_waits_for(releasing: Releasing) -> None:
    releasing.released("c1")
    releasing.push("c2")

    code, out, _ = releasing.run("status")

    lines = out.splitlines()
    assert code == 0
    assert lines[0] == "release, version 1"
    assert [line.split()[:3] for line in lines if line.startswith("  ") and line[2] != " "] == [
        ["✓", "Source", "c2"],
        ["●", "ApproveProd", "c2"],
        ["✓", "Prod", "c1"],
    ]
    assert any("● Approve waits for an answer" in line for line in lines)
    assert lines[-1].endswith(f"python -m pipeline.release approve --execution {releasing.ids()[-1]}")


def test_status_says_why_a_stage_failed(releasing: Releasing) -> None:
    releasing.released("bad")

    _, out, _ = releasing.run("status")

    assert "✗ Prod" in out
    assert "✗ EndToEnd: broken" in out
    assert "Prod has failed. What to do: docs/runbook/release.md" in out


def test_approval_is_given_to_what_was_shown(releasing: Releasing) -> None:
    releasing.push("c1")

    code, out, _ = releasing.run("approve", "--execution", releasing.ids()[0], "--reason", "Read it", typed="y")

    releasing.settle()
    assert code == 0
    assert "Release it?" in out
    assert f"prefix=executions/{releasing.ids()[0]}/20261130T090000Z/index.html" in out
    assert "Commit:      c1" in out
    assert "Approve c1 c1? [y/N]" in out
    assert releasing.statuses() == ["Succeeded"]


@pytest.mark.parametrize("words", [("approve",), ("reject", "--reason", "Not now")])
def test_nothing_is_answered_unseen_unless_its_execution_is_named(releasing: Releasing, words: tuple[str, ...]) -> None:
    releasing.push("c1")

    code, out, err = releasing.run(*words, "--yes")

    assert (code, out) == (2, "")
    assert "--execution ID" in err
    assert releasing.answers() == []
    assert PUT not in releasing.client.calls


@pytest.mark.parametrize("typed", ["n", "", "yes please"])
def test_nothing_is_answered_unless_the_person_says_yes(releasing: Releasing, typed: str) -> None:
    releasing.push("c1")

    code, _, err = releasing.run("approve", typed=typed)

    assert (code, err) == (1, "release: Nothing was answered.\n")
    assert PUT not in releasing.client.calls
    assert releasing.statuses() == ["InProgress"]


def test_nobody_at_the_terminal_is_nobody_who_says_yes(releasing: Releasing) -> None:
    releasing.push("c1")

    code, _, err = releasing.run("approve")

    assert code == 2
    assert "give --yes" in err
    assert PUT not in releasing.client.calls


def test_rejection_is_kept_with_its_reason(releasing: Releasing) -> None:
    releasing.push("c1")

    code, out, _ = releasing.run("reject", "--reason", "A hotfix goes first", typed="yes")

    releasing.settle()
    assert code == 0
    assert out.endswith(f"Rejected: execution {releasing.ids()[0]}.\n")
    assert releasing.statuses() == ["Failed"]
    assert "A hotfix goes first" in releasing.world.pipeline.executions[0].reason


def test_commit_cannot_draw_over_what_is_shown(releasing: Releasing) -> None:
    # given
    releasing.push("c\x1b[2K\u202e")

    # when
    _, drawn, _ = releasing.run("status")
    _, asked, _ = releasing.run("reject", "--reason", "No.", typed="y")
    _, _, refused = releasing.run("rollback", "--yes", "--to", "\x1b[2K")

    # then
    for shown, words in ((drawn, "c?[2K?"), (asked, "Reject c?[2K?"), (refused, "?[2K")):
        assert words in shown
        assert all(letter.isprintable() or letter == "\n" for letter in shown)


def test_another_execution_than_the_one_that_is_named_is_not_approved(releasing: Releasing) -> None:
    releasing.push("c1")

    code, _, err = releasing.run("approve", "--yes", "--execution", "11111111-1111-4111-8111-111111111111")

    assert code == 1
    assert f"{releasing.ids()[0]} does" in err
    assert PUT not in releasing.client.calls


def test_question_that_came_meanwhile_is_not_answered_for_the_one_that_was_shown(releasing: Releasing) -> None:
    """The first is rejected, and the next asks, while the person reads: the second reading of the state sees it."""
    releasing.push("c1")
    shown = releasing.ids()[0]

    def meanwhile() -> None:
        def on_the_second_reading() -> None:
            request = releasing.world.approvals.find("release", "ApproveProd", "Approve")
            assert request is not None
            releasing.world.call(
                PUT,
                pipelineName="release",
                stageName="ApproveProd",
                actionName="Approve",
                result={"summary": "", "status": "Rejected"},
                token=request.token,
            )
            releasing.settle()
            releasing.push("c2")

        releasing.client.before["GetPipelineState"] = on_the_second_reading

    releasing.client.before["ListActionExecutions"] = meanwhile

    code, out, err = releasing.run("approve", typed="y")

    assert code == 1
    assert shown in out
    assert f"asks about another execution, {releasing.ids()[1]}" in err
    assert PUT not in releasing.client.calls
    assert releasing.statuses() == ["Failed", "InProgress"]


def test_question_that_is_answered_between_the_last_look_and_the_answer_is_refused_by_its_token(
    releasing: Releasing,
) -> None:
    releasing.push("c1")
    before = releasing.client.before

    def answered() -> None:
        request = releasing.world.approvals.find("release", "ApproveProd", "Approve")
        assert request is not None
        releasing.world.call(
            PUT,
            pipelineName="release",
            stageName="ApproveProd",
            actionName="Approve",
            result={"summary": "", "status": "Rejected"},
            token=request.token,
        )
        releasing.settle()

    before[PUT] = answered

    code, _, err = releasing.run("approve", typed="y")

    assert code == 1
    assert "Somebody else has answered meanwhile" in err
    assert releasing.statuses() == ["Failed"]


def test_no_open_question_is_said(releasing: Releasing) -> None:
    releasing.released("c1")

    assert releasing.run("approve") == (
        1,
        "",
        "release: No approval is open. `status` shows where the pipeline is.\n",
    )


def test_reason_that_codepipeline_would_not_keep_is_refused(releasing: Releasing) -> None:
    releasing.push("c1")

    code, _, err = releasing.run("reject", "--reason", "x" * 513)

    assert code == 2
    assert "513 characters" in err
    assert PUT not in releasing.client.calls


def test_stage_goes_back_to_the_release_before_the_one_that_it_runs(releasing: Releasing) -> None:
    releasing.released("c1", "c2")

    code, out, _ = releasing.run("rollback", typed="y")

    assert code == 0
    assert "from   c2" in out
    assert "to     c1" in out
    assert "is being rolled back, by execution" in out
    releasing.until_idle()
    assert releasing.world.bench.actions.ran[-2:] == ["Prod/Deploy c1", "Prod/EndToEnd c1"]
    assert "✓ Prod         c1 c1, by a rollback" in releasing.run("status")[1]


def test_stage_that_was_taken_back_goes_on_back_and_not_forward_again(releasing: Releasing) -> None:
    releasing.released("c1", "c2", "c3")
    for _ in range(2):
        assert releasing.run("rollback", "--yes")[0] == 0
        releasing.until_idle()

    assert releasing.world.bench.actions.ran[-2:] == ["Prod/Deploy c1", "Prod/EndToEnd c1"]
    code, _, err = releasing.run("rollback", "--yes")
    assert code == 1
    assert "Prod runs the first release of version 1 of the pipeline" in err


def test_stage_whose_last_release_failed_goes_back_to_the_last_that_did_not(releasing: Releasing) -> None:
    releasing.released("c1", "bad")

    _, out, _ = releasing.run("rollback", typed="n")

    assert "from   what its last, failed execution has left" in out
    assert "to     c1" in out


def test_declined_rollback_changes_nothing(releasing: Releasing) -> None:
    releasing.released("c1", "c2")

    code, _, err = releasing.run("rollback", typed="n")

    assert (code, err) == (1, "release: Nothing was rolled back.\n")
    assert "RollbackStage" not in releasing.client.calls


def test_pipeline_that_has_changed_since_has_no_target_and_says_what_to_do(releasing: Releasing) -> None:
    releasing.released("c1", "c2")
    releasing.world.pipeline.update(releasing.world.pipeline.definition, {})

    code, _, err = releasing.run("rollback", "--yes")

    assert code == 1
    assert "Nothing has been released to Prod in version 2 of the pipeline" in err
    assert "Revert the commit and push" in err


def test_target_that_codepipeline_would_not_take_is_refused_with_those_that_it_would(releasing: Releasing) -> None:
    releasing.released("c1", "c2")
    assert releasing.run("rollback", "--yes")[0] == 0
    releasing.until_idle()
    first, second, rollback = releasing.ids()

    for target, word in ((rollback, "is a rollback itself"), ("nobody", "has not succeeded in Prod")):
        code, _, err = releasing.run("rollback", "--yes", "--to", target)
        assert code == 1
        assert word in err
        assert first in err
        assert second in err


def test_named_target_is_taken(releasing: Releasing) -> None:
    releasing.released("c1", "c2", "c3")

    _, out, _ = releasing.run("rollback", "--to", releasing.ids()[0], typed="n")

    assert "to     c1" in out


@pytest.mark.parametrize(
    ("stage", "code", "words"),
    [("Nowhere", 2, "has no stage Nowhere; it has Source, ApproveProd, Prod"), ("Source", 1, "is the source stage")],
)
def test_stage_that_cannot_go_back_is_refused(releasing: Releasing, stage: str, code: int, words: str) -> None:
    found, _, err = releasing.run("rollback", "--yes", "--stage", stage)

    assert found == code
    assert words in err


def test_stage_that_runs_is_not_rolled_back(releasing: Releasing) -> None:
    releasing.push("c1")

    code, _, err = releasing.run("rollback", "--yes", "--stage", "ApproveProd")

    assert code == 1
    assert "runs in ApproveProd now" in err


def test_history_tells_what_became_of_releases_and_the_four_figures(releasing: Releasing) -> None:
    releasing.released("c1", "bad", "c3")
    assert releasing.run("rollback", "--yes")[0] == 0
    releasing.until_idle()

    code, out, _ = releasing.run("history")

    lines = out.splitlines()
    assert code == 0
    assert [line[18:].split("  ")[0] for line in lines[:4]] == [
        "Prod rolled back",
        "Released",
        "Failed in Prod",
        "Released",
    ]
    assert "  deployments           2, 0.5 a week" in lines
    assert "  change failure rate   67 %, 2 of 3 changes" in lines
    assert not any("not restored" in line for line in lines)
    assert lines[-1] == f"  {NOT_ASKED}"


def test_history_counts_what_codedeploy_had_put_back_where_a_profile_may_read_it(releasing: Releasing) -> None:
    releasing.stages = {"closed": FakeStage(refuses=refused("AccessDenied", "not authorized")), "prod": FakeStage()}
    releasing.released("c1")
    nothing_failed = releasing.run("history")[1]
    releasing.released("bad")

    asked, refusing = (releasing.run("history", "--stage-profile", name)[1] for name in ("prod", "closed"))
    document = json.loads(releasing.run("history", "--json", "--stage-profile", "prod")[1])

    assert NOT_ASKED not in nothing_failed + asked + refusing
    assert "CodeDeploy of Prod could not be read: " in refusing
    assert document["unseen"] == ""


def test_history_is_a_document_for_programs(releasing: Releasing) -> None:
    releasing.released("c1")

    _, out, _ = releasing.run("history", "--json", "--days", "7")

    document = json.loads(out)
    assert (document["schema"], document["days"], document["deployments"]) == (1, 7, 1)
    assert (document["change_failure_rate"], document["time_to_restore_seconds"]) == (0, None)
    assert [(found["outcome"], found["commit"]) for found in document["executions"]] == [("Released", "c1")]


def test_pipeline_without_releases_has_a_history_of_nothing(releasing: Releasing) -> None:
    code, out, _ = releasing.run("history")

    assert code == 0
    assert "  lead time             nothing to tell from" in out


@pytest.mark.parametrize("days", ["0", "366", "-1", "soon"])
def test_days_that_codepipeline_does_not_know_are_refused(
    releasing: Releasing, days: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["history", f"--days={days}"])
    assert "from 1 to 365" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "approve", "rollback", "history"])
def test_unknown_pipeline_is_said_with_how_to_find_it(releasing: Releasing, command: str) -> None:
    code, _, err = releasing.run(command, "--pipeline", "nobody")

    assert code == 2
    assert "There is no pipeline nobody in this account and region" in err
    assert "list-pipelines" in err


def test_command_needs_neither_cdk_nor_the_configuration() -> None:
    script = """
import sys
import pipeline.release.__main__
assert not {"aws_cdk", "constructs", "config", "service"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)

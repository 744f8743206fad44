"""A real `rehearse up` of a small app: `make apps`. Minutes, and package registries.

Commits that are released, superseded and refused; answers by command, by the AWS CLI and on the page; Ctrl-C, kill -9.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from rehearsal.machine.guardian import MARK
from rehearsal.machine.user_cache import user_cache
from rehearsal.source.project import open_project
from rehearsal.up.record import Running, UpFolder
from tests.rehearsal.apps import FOLDER, make_repository

AWS = Path(sys.prefix) / "bin" / "aws"
DEADLINE_SECONDS = 300.0
START_SECONDS = 1.0
Found = TypeVar("Found")


def until(found: Callable[[], Found | None], what: str) -> Found:
    """What `found` answers, as soon as that is something."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        answer = found()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"In {DEADLINE_SECONDS:.0f} s there was no {what}.")


class Shop:
    """The app in a repository of its own, and the `up` of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_repository(FOLDER / "approved", folder)
        self.kept = UpFolder(user_cache(), open_project(folder).id)
        self.process: subprocess.Popen[str] | None = None
        self.log = folder.with_name("up.log")

    def start(self) -> Running:
        """Answers when the pipeline is deployed."""
        with self.log.open("a") as opened:
            self.process = subprocess.Popen(self.command("up"), stdout=opened, stderr=subprocess.STDOUT, text=True)
        return until(self._deployed, "pipeline")

    def _deployed(self) -> Running | None:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        running = self.kept.running()
        return running if running is not None and running.pipeline else None

    @property
    def running(self) -> Running:
        running = self.kept.running()
        assert running is not None, self.log.read_text()
        return running

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "rehearsal", arguments[0], "--project", str(self.folder), *arguments[1:]]

    def rehearse(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False)

    def aws(self, service: str, operation: str, **options: str) -> Any:
        """What the real AWS CLI answers with the profile that `up` has written."""
        running = self.running
        variables = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "AWS_PAGER": "",
            "AWS_CONFIG_FILE": running.profiles, "AWS_PROFILE": running.account,
        }  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value) if word]
        done = subprocess.run([AWS, service, operation, *words], env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def commit(self, title: str, **files: str) -> str:
        """The commit's id; `files` by their names without their ends."""
        for name, text in files.items():
            (self.folder / ("word.txt" if name == "word" else name)).write_text(text)
        names = ["word.txt", *(name for name in files if name != "word")]
        identity = ("-c", "user.name=n", "-c", "user.email=e@e")
        for words in (("add", *names), (*identity, "commit", "-qm", title)):
            subprocess.run(["git", *words], cwd=self.folder, check=True)
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def reset(self, commit: str) -> None:
        subprocess.run(["git", "reset", "-q", "--hard", commit], cwd=self.folder, check=True)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What is in the history by now, of that type."""
        lines = [json.loads(line) for line in self.kept.events.read_text().splitlines()]
        return [event for event in lines if event["type"] == kind]

    def execution_of(self, commit: str, *, status: str) -> str:
        """Its id, as soon as an execution of the commit has that status."""

        def found() -> str | None:
            ended = {event["execution_id"]: event["status"] for event in self.events("ExecutionEnded")}
            for event in self.events("ExecutionStarted"):
                if event["commit"] == commit and ended.get(event["execution_id"], "InProgress") == status:
                    return str(event["execution_id"])
            return None

        return until(found, f"execution of {commit} that is {status}")

    def question_of(self, commit: str) -> dict[str, Any]:
        """The approval that an execution of the commit waits for."""

        def found() -> dict[str, Any] | None:
            started = self.events("ExecutionStarted")
            executions = [event["execution_id"] for event in started if event["commit"] == commit]
            answered = len(self.events("ApprovalAnswered")) + len(self.events("ApprovalExpired"))
            asked = self.events("ApprovalRequested")
            is_open = len(asked) > answered and asked[-1]["execution_id"] in executions
            return asked[-1] if is_open else None

        return until(found, f"question about {commit}")

    def on_page(self, path: str, body: dict[str, Any]) -> int:
        request = urllib.request.Request(
            f"{self.running.page_url}{path}", json.dumps(body).encode(), {"X-Rehearsal": "1"}, method="POST"
        )
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)

    def interrupt(self) -> int:
        """Its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        shutil.rmtree(self.kept.path, ignore_errors=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("up") / "shop")
    try:
        yield shop
    finally:
        sys.stdout.write(shop.log.read_text())
        shop.close()


def test_commits_are_released_as_they_come(shop: Shop) -> None:
    shop.start()
    first = until(lambda: shop.events("CommitFound"), "first commit")[0]["commit"]
    shop.question_of(first)
    assert "Approve/Ask waits for you" in shop.rehearse("status").stdout
    assert shop.rehearse("approve", "--execution", "none").returncode == 2
    assert shop.rehearse("approve", "--summary", "fine").returncode == 0
    shop.execution_of(first, status="Succeeded")
    again = shop.rehearse("up")
    assert (again.returncode, shop.running.page_url in again.stdout) == (2, True)

    second = shop.commit("Two", word="two")
    committed_at = time.time()
    until(lambda: [event for event in shop.events("ActionStarted") if event["action"] == "Synth"][1:], "second build")
    superseded = shop.commit("Three", word="three")
    shop.execution_of(superseded, status="InProgress")
    refused = shop.commit("Refused", refused="")

    shop.execution_of(superseded, status="Superseded")
    starts = {event["commit"]: event["at"] for event in shop.events("ExecutionStarted")}
    assert starts[second] - committed_at < START_SECONDS
    shop.execution_of(refused, status="Stopped")
    (told,) = shop.events("CommitRefused")
    assert (told["commit"], "AWS::Redshift::Cluster" in told["reason"]) == (refused, True)


def test_aws_cli_answers_approvals_retries_and_rolls_back(shop: Shop) -> None:
    second = shop.events("CommitFound")[1]["commit"]
    question = shop.question_of(second)
    shop.aws(
        "codepipeline", "put-approval-result", pipeline_name="shop", stage_name="Approve", action_name="Ask",
        result="status=Rejected,summary=no", token=question["token"],
    )  # fmt: skip
    failed = shop.execution_of(second, status="Failed")
    shop.aws(
        "codepipeline", "retry-stage-execution", pipeline_name="shop", stage_name="Approve",
        pipeline_execution_id=failed, retry_mode="FAILED_ACTIONS",
    )  # fmt: skip
    question = shop.question_of(second)
    answer = {name: question[name] for name in ("execution_id", "stage", "action", "token")}
    assert shop.on_page("approval", {**answer, "is_approved": True, "summary": "yes"}) == 200
    shop.execution_of(second, status="Succeeded")

    state = shop.aws("codepipeline", "get-pipeline-state", name="shop")
    assert [stage["latestExecution"]["status"] for stage in state["stageStates"]][-1] == "Succeeded"
    actions = shop.aws("codepipeline", "list-action-executions", pipeline_name="shop")["actionExecutionDetails"]
    assert {"Synth", "Ask", "Deploy"} <= {action["actionName"] for action in actions}
    (deployment, *_) = shop.aws("deploy", "list-deployments")["deployments"]
    info = shop.aws("deploy", "get-deployment", deployment_id=deployment)["deploymentInfo"]
    assert (info["status"], info["computePlatform"]) == ("Succeeded", "Lambda")
    (alarm,) = shop.aws("cloudwatch", "describe-alarms")["MetricAlarms"]
    assert alarm["Namespace"] == "AWS/Lambda"
    first = shop.events("ExecutionStarted")[0]["execution_id"]
    rollback = shop.aws(
        "codepipeline", "rollback-stage", pipeline_name="shop", stage_name="Prod", target_pipeline_execution_id=first
    )["pipelineExecutionId"]
    until(lambda: [e for e in shop.events("ExecutionEnded") if e["execution_id"] == rollback], "rollback")
    executions = shop.aws("codepipeline", "list-pipeline-executions", pipeline_name="shop")
    assert executions["pipelineExecutionSummaries"][0]["status"] == "Succeeded"


def test_functions_measures_and_logs_are_read_with_the_aws_cli(shop: Shop) -> None:
    out = str(shop.folder.with_name("out.json"))
    invoked = subprocess.run(
        [AWS, "lambda", "invoke", "--function-name", "shop:live", out],
        env={**os.environ, "AWS_CONFIG_FILE": shop.running.profiles, "AWS_PROFILE": shop.running.account},
        check=True, capture_output=True,
    )  # fmt: skip
    assert json.loads(invoked.stdout)["StatusCode"] == 200
    assert json.loads(Path(out).read_text()) == {"word": "one"}, "the stage was rolled back"

    def said() -> list[str]:
        events = shop.aws("logs", "filter-log-events", log_group_name="/aws/lambda/shop")["events"]
        return [event["message"] for event in events if "a call" in event["message"]]

    until(said, "word of the call in the function's log")
    query = {
        "Id": "m",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": "Invocations",
                "Dimensions": [{"Name": "FunctionName", "Value": "shop"}],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }
    now = int(time.time())

    def counted() -> float:
        data = shop.aws(
            "cloudwatch", "get-metric-data", metric_data_queries=json.dumps([query]),
            start_time=str(now - 3600), end_time=str(now + 3600),
        )  # fmt: skip
        return float(sum(data["MetricDataResults"][0]["Values"]))

    until(counted, "invocation in the function's metrics")


def test_execution_that_was_started_by_hand_takes_the_newest_commit_and_is_stopped(shop: Shop) -> None:
    newest = shop.events("CommitFound")[-1]["commit"]
    execution = shop.aws("codepipeline", "start-pipeline-execution", name="shop")["pipelineExecutionId"]
    until(lambda: [e for e in shop.events("ExecutionStarted") if e["execution_id"] == execution], "start")
    assert shop.events("ExecutionStarted")[-1]["commit"] == newest

    stopped = shop.rehearse("stop", "--reason", "enough")

    assert stopped.returncode == 0, stopped.stdout
    until(lambda: [e for e in shop.events("ExecutionEnded") if e["execution_id"] == execution], "end")
    assert shop.rehearse("stop").returncode == 2, "nothing runs"


def test_reset_branch_is_released_and_ctrl_c_in_the_middle_says_so(shop: Shop) -> None:
    first = shop.events("CommitFound")[0]["commit"]
    shop.reset(first)
    until(lambda: shop.events("CommitFound")[-1]["commit"] == first, "release of what it was reset to")
    until(lambda: shop.events("ExecutionStarted")[-1]["commit"] == first, "execution")

    assert shop.interrupt() == 130
    assert shop.events("UpEnded")


def test_history_outlives_it_and_nothing_is_left_of_one_that_was_killed(shop: Shop) -> None:
    before = len(shop.events("ExecutionStarted"))
    shop.start()
    first = shop.events("CommitFound")[0]["commit"]
    assert shop.process is not None
    until(lambda: len(shop.events("ExecutionStarted")) > before, "execution")
    mark = _mark_below(shop.process.pid)

    shop.process.kill()
    shop.process.wait(10)

    until(lambda: not _marked(mark), "end of all that it had started")
    assert shop.kept.running() is None
    assert shop.rehearse("status").returncode == 2
    shop.start()
    shop.question_of(first)
    assert shop.rehearse("reject", "--summary", "enough").returncode == 0
    shop.execution_of(first, status="Failed")
    assert shop.interrupt() == 0, "it was idle"


def _marked(mark: bytes) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def _mark_below(process_id: int) -> bytes:
    """That of the run: which every process below it carries."""

    def found() -> bytes | None:
        files = Path(f"/proc/{process_id}/task").glob("*/children")
        for child in [child for file in files for child in file.read_text().split()]:
            try:
                for word in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"):
                    if word.startswith(f"{MARK}=".encode()):
                        return word
            except OSError:
                continue
        return None

    return until(found, "process with the run's mark")

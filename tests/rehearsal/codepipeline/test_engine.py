"""The engine over fake actions: order, artifacts, failures, self-mutation, superseding."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.codepipeline.actions.action import ActionContext, ActionResult
from rehearsal.codepipeline.definition import (
    ArtifactStore,
    ConditionResult,
    ExecutionMode,
    OnFailure,
    StageDeclaration,
)
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.engine import Engine
from rehearsal.codepipeline.execution import Execution, Source, Trigger
from rehearsal.errors import ActionFailed, EngineError, Unsupported
from rehearsal.machine.failure import Failure
from rehearsal.run_events import (
    ActionEnded,
    ActionOutput,
    DeploymentEnded,
    ExecutionEnded,
    PipelineMutated,
    StageEnded,
    Status,
)
from tests.rehearsal.codepipeline.fake_cloud import (
    ACCOUNT,
    Bench,
    NoArtifactRoles,
    Scripted,
    SourceOf,
    action,
    deploy_stage,
    deployed,
    fails,
    source_stage,
)

ROLLED_BACK = OnFailure(result=ConditionResult.ROLLBACK)


def build_stage() -> StageDeclaration:
    return StageDeclaration(name="Build", actions=(action("Synth", inputs=["Code"], outputs=["Assembly"]),))


def start_three(pipeline: DeployedPipeline) -> list[Execution]:
    sources = [Source(action=SourceOf(commit), commit=commit) for commit in ("c1", "c2", "c3")]
    return [pipeline.new_execution(source, Trigger.START) for source in sources]


def test_release_runs_every_action_in_order_when_nothing_fails(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)

    execution = bench.release(deployed(source_stage(), build_stage(), deploy_stage("Staging"), deploy_stage("Prod")))

    assert execution.status is Status.SUCCEEDED
    assert bench.actions.ran == [
        "Build/Synth c1",
        "Staging/Deploy c1",
        "Staging/EndToEnd c1",
        "Prod/Deploy c1",
        "Prod/EndToEnd c1",
    ]
    assert [event.stage for event in bench.cloud.events(StageEnded)] == ["Source", "Build", "Staging", "Prod"]


def test_release_runs_actions_of_one_run_order_at_the_same_time(tmp_path: Path) -> None:
    meeting = threading.Barrier(2, timeout=5)
    both = StageDeclaration(name="Test", actions=(action("A"), action("B")))

    def meet(_: ActionContext) -> None:
        meeting.wait()

    bench = Bench.make(tmp_path, {"Test/A": meet, "Test/B": meet})

    execution = bench.release(deployed(source_stage(), both))

    assert execution.status is Status.SUCCEEDED


def test_release_lets_the_others_of_a_run_order_end_and_starts_no_later_one_when_one_fails(tmp_path: Path) -> None:
    stage = StageDeclaration(name="Test", actions=(action("A"), action("B"), action("Later", run_order=2)))
    bench = Bench.make(tmp_path, {"Test/A": fails("2 tests failed", gate="unit-tests")})

    execution = bench.release(deployed(source_stage(), stage, deploy_stage("Prod")))

    assert execution.status is Status.FAILED
    assert sorted(bench.actions.ran) == ["Test/A", "Test/B"]
    assert (execution.stopped_by.action, execution.stopped_by.gate) == ("A", "unit-tests")


def test_release_gives_variables_of_earlier_actions_to_later_ones(tmp_path: Path) -> None:
    configuration = {
        "EnvironmentVariables": '[{"name": "MESSAGE", "value": "#{SourceVariables.CommitMessage}"}]',
        "Text": "#{SourceVariables.CommitId} in #{codepipeline.PipelineExecutionId}",
    }
    stage = StageDeclaration(name="Test", actions=(action("A", configuration=configuration),))
    bench = Bench.make(tmp_path)

    execution = bench.release(deployed(source_stage(), stage))

    (context,) = bench.actions.contexts
    assert context.configuration["Text"] == f"c1 in {execution.id}"
    assert context.configuration["EnvironmentVariables"] == '[{"name": "MESSAGE", "value": "say \\"hi\\""}]'


def test_release_fails_the_action_when_a_variable_is_not_known(tmp_path: Path) -> None:
    stage = StageDeclaration(name="Test", actions=(action("A", configuration={"Text": "#{Nobody.Url}"}),))

    execution = Bench.make(tmp_path).release(deployed(source_stage(), stage))

    assert execution.status is Status.FAILED
    assert "#{Nobody.Url}" in execution.stopped_by.reason


def test_release_takes_the_gate_of_the_deployment_when_a_deploy_action_fails(tmp_path: Path) -> None:
    def shift_fails(context: ActionContext) -> None:
        bench.cloud.event_log.emit(
            DeploymentEnded(
                deployment_id="d-1",
                account=context.account,
                function="api",
                from_version="1",
                to_version="2",
                status=Status.FAILED,
                gate="canary-alarm",
            )
        )
        fails("the stack rolled back")(context)

    bench = Bench.make(tmp_path, {"Staging/Deploy": shift_fails})

    execution = bench.release(deployed(source_stage(), deploy_stage("Staging")))

    assert execution.stopped_by.gate == "canary-alarm"


@pytest.mark.parametrize(
    ("path", "gate"), [("Build/Synth", "build"), ("Staging/Deploy", "deploy"), ("Staging/EndToEnd", "e2e")]
)
def test_release_names_the_gate_by_where_the_action_stands(tmp_path: Path, path: str, gate: str) -> None:
    bench = Bench.make(tmp_path, {path: fails("no")})

    execution = bench.release(deployed(source_stage(), build_stage(), deploy_stage("Staging")))

    assert execution.stopped_by.gate == gate


def test_release_restarts_on_the_new_definition_when_the_pipeline_changes_itself(tmp_path: Path) -> None:
    mutate = StageDeclaration(name="UpdatePipeline", actions=(action("SelfMutate"),))
    pipeline = deployed(source_stage(), mutate, deploy_stage("Staging"))
    new_stage = StageDeclaration(name="Staging", actions=(*deploy_stage("Staging").actions, action("New", run_order=3)))

    def update_once(_: ActionContext) -> None:
        if pipeline.version == 1:
            pipeline.update(replace(pipeline.definition, stages=(source_stage(), mutate, new_stage)), {})

    bench = Bench.make(tmp_path, {"UpdatePipeline/SelfMutate": update_once})

    execution = bench.release(pipeline)

    assert execution.status is Status.SUCCEEDED
    assert [event.status for event in bench.cloud.events(ExecutionEnded)] == [Status.CANCELLED, Status.SUCCEEDED]
    assert bench.cloud.events(PipelineMutated)[0].added == ("Staging/New",)
    assert bench.actions.ran == [
        "UpdatePipeline/SelfMutate",
        "UpdatePipeline/SelfMutate",
        "Staging/Deploy c1",
        "Staging/EndToEnd c1",
        "Staging/New",
    ]


def test_release_ends_cancelled_when_the_pipeline_changes_and_does_not_restart(tmp_path: Path) -> None:
    mutate = StageDeclaration(name="UpdatePipeline", actions=(action("SelfMutate"),))
    pipeline = deployed(source_stage(), mutate, deploy_stage("Staging"), is_restarted_on_update=False)
    bench = Bench.make(tmp_path, {"UpdatePipeline/SelfMutate": lambda _: pipeline.update(pipeline.definition, {})})

    execution = bench.release(pipeline)

    assert execution.status is Status.CANCELLED
    assert "RestartExecutionOnUpdate" in execution.stopped_by.reason


def test_waiting_execution_is_superseded_when_a_newer_one_waits_for_the_same_stage(tmp_path: Path) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def wait(context: ActionContext) -> None:
        entered.set()
        assert go_on.wait(5)

    pipeline = deployed(source_stage(), deploy_stage("Prod"))
    bench = Bench.make(tmp_path, {"Prod/Deploy": wait})
    executions = start_three(pipeline)
    threads = [threading.Thread(target=bench.engine.run, args=(pipeline, execution)) for execution in executions]
    threads[0].start()
    assert entered.wait(5)
    threads[1].start()
    threads[2].start()
    threads[1].join(5)

    go_on.set()
    for thread in threads:
        thread.join(5)

    assert [execution.status for execution in executions] == [Status.SUCCEEDED, Status.SUPERSEDED, Status.SUCCEEDED]


def test_waiting_executions_go_on_in_order_when_the_pipeline_is_queued(tmp_path: Path) -> None:
    pipeline = deployed(source_stage(), deploy_stage("Prod"), mode=ExecutionMode.QUEUED)
    bench = Bench.make(tmp_path)
    executions = start_three(pipeline)
    threads = [threading.Thread(target=bench.engine.run, args=(pipeline, execution)) for execution in executions]
    for thread in reversed(threads):
        thread.start()
    for thread in threads:
        thread.join(5)

    assert {execution.status for execution in executions} == {Status.SUCCEEDED}


def test_release_ends_errored_when_the_action_itself_breaks(tmp_path: Path) -> None:
    def break_down(_: ActionContext) -> None:
        raise KeyError("ours")

    bench = Bench.make(tmp_path, {"Prod/Deploy": break_down})

    with pytest.raises(EngineError, match="Prod/Deploy"):
        bench.release(deployed(source_stage(), deploy_stage("Prod")))

    assert [event.status for event in bench.cloud.events(ExecutionEnded)] == [Status.ERRORED]
    assert bench.cloud.events(ActionEnded)[-1].status is Status.ERRORED


def test_release_ends_stopped_when_the_run_is_stopped(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, {"Staging/Deploy": lambda _: bench.engine.stop()})

    execution = bench.release(deployed(source_stage(), deploy_stage("Staging"), deploy_stage("Prod")))

    assert execution.status is Status.STOPPED
    assert bench.actions.ran == ["Staging/Deploy c1"]


def test_action_that_names_its_files_is_given_no_others(tmp_path: Path) -> None:
    # given an action that names one of two files of its artifact, and one that names none
    class Reader(Scripted):
        def files_read(self, configuration: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
            return {"Code": frozenset({"commit"})} if configuration else {}

        def run(self, context: ActionContext) -> ActionResult:
            self.ran.append(f"{context.declaration.name} {[path.name for path in context.inputs['Code'].iterdir()]}")
            return ActionResult()

    class SourceOfTwo(SourceOf):
        def run(self, context: ActionContext) -> ActionResult:
            (context.outputs["Code"] / "more").write_text("")
            return super().run(context)

    bench, reader = Bench.make(tmp_path), Reader()
    actions = (
        action("One", inputs=["Code"], configuration={"Template": "Code::commit"}),
        action("None", inputs=["Code"], run_order=2),
    )
    pipeline = deployed(source_stage(), StageDeclaration(name="Read", actions=actions))
    engine = Engine(
        bench.cloud,
        artifacts=bench.artifacts,
        artifact_roles=NoArtifactRoles(),
        actions={("Build", "CodeBuild"): reader},
        rules={},
    )

    # when
    execution = engine.release(pipeline, Source(action=SourceOfTwo("c1"), commit="c1"))

    # then
    assert execution.status is Status.SUCCEEDED
    assert reader.ran == ["One ['commit']", "None []"]


def test_artifact_is_copied_to_the_store_of_the_region_that_an_action_works_in(tmp_path: Path) -> None:
    elsewhere = action("Deploy", category="Deploy", provider="CloudFormation", inputs=["Code"], region="us-east-1")
    pipeline = deployed(source_stage(), StageDeclaration(name="Prod", actions=(elsewhere,)))
    stores: dict[str | None, ArtifactStore] = {
        "eu-west-1": ArtifactStore("ireland"),
        "us-east-1": ArtifactStore("virginia"),
    }
    pipeline.definition = replace(pipeline.definition, artifact_stores=stores)
    bench = Bench.make(tmp_path)

    execution = bench.release(pipeline)

    assert execution.status is Status.SUCCEEDED
    assert bench.actions.ran == ["Prod/Deploy c1"]
    assert bench.artifacts.log == ["Code into ireland from eu-west-1", "Code into virginia from us-east-1"]


def test_release_names_a_failing_test_after_a_deployment_end_to_end(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, {"Staging/EndToEnd": fails("2 tests failed", gate="unit-tests")})

    execution = bench.release(deployed(source_stage(), deploy_stage("Staging")))

    assert execution.stopped_by.gate == "e2e"


def test_release_blames_the_run_and_not_the_commit_when_the_local_aws_ends(tmp_path: Path) -> None:
    # given a build that fails because the emulator is gone, before the engine knows
    ends = threading.Event()

    def wait() -> str:
        ends.wait()
        return "The local AWS has ended."

    def fail(context: ActionContext) -> None:
        threading.Timer(0.1, ends.set).start()
        fails("connection refused")(context)

    bench = Bench.make(tmp_path, {"Build/Synth": fail})
    bench.cloud.failure = Failure(is_well=ends.is_set)
    bench.cloud.failure.watch(wait)

    # when
    with pytest.raises(EngineError, match="The local AWS has ended"):
        bench.release(deployed(source_stage(), build_stage()))

    # then
    assert [event.status for event in bench.cloud.events(ActionEnded)] == [Status.SUCCEEDED, Status.ERRORED]
    assert [event.status for event in bench.cloud.events(StageEnded)] == [Status.SUCCEEDED, Status.ERRORED]
    (ended,) = bench.cloud.events(ExecutionEnded)
    assert (ended.status, ended.reason) == (Status.ERRORED, "The local AWS has ended.")


def test_release_ends_soon_when_the_local_aws_ends_and_an_action_hangs(tmp_path: Path) -> None:
    never = threading.Event()

    def hang(_: ActionContext) -> None:
        bench.cloud.failure.watch(lambda: "The local AWS has ended.")
        never.wait(60)

    bench = Bench.make(tmp_path, {"Build/Synth": hang})
    started = time.monotonic()

    with pytest.raises(EngineError, match="The local AWS has ended"):
        bench.release(deployed(source_stage(), build_stage()))

    assert time.monotonic() - started < 10
    never.set()


@pytest.mark.parametrize("is_said", [True, False], ids=["in its output", "as its reason"])
def test_an_action_that_fails_because_of_what_the_local_aws_lacks_is_unsupported(tmp_path: Path, is_said: bool) -> None:
    denial = "The local AWS does not serve ListAnomalies of logs (Unknown action: ListAnomalies)."

    def deny(context: ActionContext) -> None:
        bench.cloud.denials.tell(denial)
        if is_said:
            context.output(f"botocore.exceptions.ClientError: (UnsupportedOperation): {denial}")
        raise ActionFailed("Command 1 of BUILD ended with 1" if is_said else denial)

    bench = Bench.make(tmp_path, {"Build/Synth": deny})

    with pytest.raises(
        Unsupported, match="so nothing is said about the commit:\nThe local AWS does not serve ListAnomalies"
    ):
        bench.release(deployed(source_stage(), build_stage()))

    assert [event.status for event in bench.cloud.events(ActionEnded)][-1] is Status.ERRORED
    assert [event.status for event in bench.cloud.events(ExecutionEnded)] == [Status.ERRORED]


def test_a_custom_resource_that_only_points_to_its_log_is_unsupported_when_its_account_was_denied(
    tmp_path: Path,
) -> None:
    reason = "Received response status [FAILED] from custom resource. Message returned: See the details in CloudWatch"

    def fail(_: ActionContext) -> None:
        bench.cloud.denials.tell("The local AWS has no xray.", ACCOUNT)
        raise ActionFailed(reason)

    bench = Bench.make(tmp_path, {"Prod/Deploy": fail})

    with pytest.raises(Unsupported, match="The local AWS has no xray"):
        bench.release(deployed(source_stage(), deploy_stage("Prod")))


def test_an_action_that_fails_by_itself_is_failed_and_tells_what_was_denied_meanwhile(tmp_path: Path) -> None:
    def fail(_: ActionContext) -> None:
        bench.cloud.denials.tell("The local AWS has no xray.", ACCOUNT)
        raise ActionFailed("1 test failed")

    bench = Bench.make(tmp_path, {"Build/Synth": fail})

    execution = bench.release(deployed(source_stage(), build_stage()))

    assert (execution.status, execution.stopped_by.reason) == (Status.FAILED, "1 test failed")
    lines = [event.line for event in bench.cloud.events(ActionOutput)]
    assert lines == [f"Meanwhile somebody in account {ACCOUNT} asked for what is not here: The local AWS has no xray."]


def test_an_action_that_fails_by_itself_is_failed_though_a_call_was_denied_before(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, {"Build/Synth": fails("1 test failed")})
    bench.cloud.denials.tell("The local AWS does not serve ListAnomalies of logs.", ACCOUNT)

    execution = bench.release(deployed(source_stage(), build_stage()))

    assert (execution.status, execution.stopped_by.reason) == (Status.FAILED, "1 test failed")
    assert bench.cloud.events(ActionOutput) == []

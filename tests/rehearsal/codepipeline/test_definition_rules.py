from __future__ import annotations

from typing import Any

import pytest

from rehearsal.codepipeline.definition_rules import refusals
from rehearsal.codepipeline.definition_shape import has_token
from tests.rehearsal.codepipeline.fake_cloud import REGION
from tests.rehearsal.codepipeline.valid_properties import (
    SOURCE_STAGE,
    action,
    alarm_rule,
    build,
    condition,
    source,
    stage,
    valid_properties,
)

STORE = {"Location": "bucket", "Type": "S3"}
V2: Any = {"PipelineType": "V2"}


def approval(name: str = "Approve", **changes: Any) -> dict[str, Any]:
    return action(name, "Manual", "Approval", **changes)


def after_source(*actions: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    return [SOURCE_STAGE, stage("Work", *actions, **changes)]


def said(properties: dict[str, Any]) -> str:
    return "\n".join(refusals(properties, region=REGION))


def trigger(name: str = "Checkout", **filters: Any) -> dict[str, Any]:
    return {"ProviderType": "CodeStarSourceConnection", "GitConfiguration": {"SourceActionName": name} | filters}


def test_a_valid_definition_is_not_refused() -> None:
    assert refusals(valid_properties(), region=REGION) == ()


def test_a_definition_with_all_of_v2_is_not_refused() -> None:
    stages = [
        SOURCE_STAGE,
        stage(
            "Build",
            build(Namespace="Built", RunOrder="1", OutputArtifacts=[{"Name": "Out"}]),
            build("Test", RunOrder="2", InputArtifacts=[{"Name": "Out"}]),
            BeforeEntry=condition("FAIL"),
            OnSuccess=condition("ROLLBACK"),
            OnFailure={"Result": "RETRY", "RetryConfiguration": {"RetryMode": "ALL_ACTIONS"}},
        ),
        stage("Prod", approval(Configuration={"CustomData": "#{Built.Url} #{variables.Who}"}, TimeoutInMinutes="5")),
    ]
    pushes = [{"Branches": {"Includes": ["main"]}, "FilePaths": {"Includes": ["src/**"]}}]

    properties = valid_properties(
        stages=stages,
        PipelineType="V2",
        ExecutionMode="QUEUED",
        Variables=[{"Name": "Who", "DefaultValue": "me", "Description": "who asks"}],
        Triggers=[trigger(Push=pushes)],
        DisableInboundStageTransitions=[{"StageName": "Prod", "Reason": "change freeze"}],
        Tags=[{"Key": "team", "Value": ""}],
        RestartExecutionOnUpdate="true",
    )

    assert refusals(properties, region=REGION) == ()


SHAPES = [
    (valid_properties(Name="a b"), "'pipeline.name' failed to satisfy constraint: Member must satisfy regular"),
    (valid_properties(Name="n" * 101), "Member must have length less than or equal to 100"),
    (valid_properties(stages=[SOURCE_STAGE, stage("Build it", build())]), "'pipeline.stages.2.member.name' failed"),
    (valid_properties(stages=after_source(build("Run tests"))), "stages.2.member.actions.1.member.name' failed"),
    (valid_properties(stages=after_source(build(RunOrder="0"))), "Member must have value greater than or equal to 1"),
    (valid_properties(stages=after_source(build(RunOrder="1000"))), "Member must have value less than or equal to 999"),
    (valid_properties(stages=after_source(build(RunOrder="soon"))), "Member must be a whole number"),
    (
        valid_properties(stages=after_source(approval(TimeoutInMinutes="4"))),
        "timeoutInMinutes' failed to satisfy constraint: Member must have value greater than or equal to 5",
    ),
    (
        valid_properties(stages=after_source(build(Configuration={"ProjectName": ""}))),
        "configuration' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length "
        "greater than or equal to 1]",
    ),
    (
        valid_properties(stages=after_source(build(Configuration={"ProjectName": "p" * 1001}))),
        "Member must have length less than or equal to 1000",
    ),
    (
        valid_properties(stages=after_source(build(OutputArtifacts=[{"Name": "an artifact"}]))),
        "outputArtifacts.1.member.name' failed",
    ),
    (valid_properties(stages=after_source(build(Namespace="a.b"))), "namespace' failed"),
    (valid_properties(stages=after_source(action("Act", "CodeBuild", "Compile"))), "enum value set: [Source, Build, "),
    (
        valid_properties(stages=[{"Name": "Source"}]),
        "stages.1.member.actions' failed to satisfy constraint: Member must",
    ),
    (valid_properties(ExecutionMode="SERIAL"), "Member must satisfy enum value set: [QUEUED, SUPERSEDED, PARALLEL]"),
    (valid_properties(ArtifactStore={"Location": "bucket", "Type": "EFS"}), "enum value set: [S3]"),
    (valid_properties(Variables=[{"Name": "a b"}], **V2), "'pipeline.variables.1.member.name' failed"),
    (
        valid_properties(stages=after_source(build(), OnSuccess={"Conditions": []}), **V2),
        "onSuccess.conditions' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
    (
        valid_properties(
            stages=after_source(build(), BeforeEntry={"Conditions": condition("FAIL")["Conditions"] * 2}), **V2
        ),
        "beforeEntry.conditions' failed to satisfy constraint: Member must have length less than or equal to 1",
    ),
    (
        valid_properties(stages=after_source(build(), OnSuccess=condition("FAIL", *[alarm_rule()] * 6)), **V2),
        "rules' failed to satisfy constraint: Member must have length less than or equal to 5",
    ),
    (
        valid_properties(DisableInboundStageTransitions=[{"StageName": "Build", "Reason": "freeze: until Monday"}]),
        "'reason' failed to satisfy constraint: Member must satisfy regular expression pattern",
    ),
    (
        valid_properties(Triggers=[trigger(Push=[{"Branches": {"Includes": []}}])], **V2),
        "push.1.member.branches.includes' failed",
    ),
]
STRUCTURE = [
    (valid_properties(stages=[SOURCE_STAGE]), "Pipeline has only 1 stage(s). There should be a minimum of 2 stages"),
    (valid_properties(stages=[SOURCE_STAGE, stage("Empty")]), "Stage Empty has no action"),
    (
        valid_properties(stages=[stage("Build", build(InputArtifacts=[])), SOURCE_STAGE]),
        "Pipeline should start with a stage that only contains source actions",
    ),
    (
        valid_properties(stages=[stage("Mixed", source(), approval()), stage("Work", build())]),
        "Pipeline should start with a stage that only contains source actions",
    ),
    (
        valid_properties(stages=after_source(source(OutputArtifacts=[{"Name": "More"}]), build())),
        "Action Checkout in stage Work is a source action",
    ),
    (
        valid_properties(stages=after_source(source(OutputArtifacts=[{"Name": "More"}]))),
        "must contain an action that is not a source action",
    ),
    (
        valid_properties(stages=[SOURCE_STAGE, stage("Work", build()), stage("Work", approval())]),
        "Stage name Work is used more than once",
    ),
    (valid_properties(stages=after_source(build(), build())), "Action name Synth is used more than once in stage Work"),
    (
        valid_properties(stages=after_source(build(OutputArtifacts=[{"Name": "Code"}]))),
        "Output Artifact Bundle name must be unique within the pipeline. Code has been used more than once.",
    ),
    (
        valid_properties(stages=after_source(build(InputArtifacts=[{"Name": "Nobody"}]))),
        "Input Artifact Bundle Nobody in action Synth is not declared as Output Artifact Bundle in any of",
    ),
    (
        valid_properties(
            stages=after_source(
                build(OutputArtifacts=[{"Name": "Out"}], RunOrder=1), build("Test", InputArtifacts=[{"Name": "Out"}])
            )
        ),
        "Input Artifact Bundle Out in action Test is not declared",
    ),
    (
        valid_properties(stages=after_source(build(InputArtifacts=[]))),
        "Action Synth declares 0 input artifacts which is less than the minimum count (1)",
    ),
    (
        valid_properties(stages=after_source(approval(OutputArtifacts=[{"Name": "Out"}]))),
        "Action Approve declares 1 output artifacts which is greater than the maximum count (0)",
    ),
    (
        valid_properties(stages=after_source(build(Configuration={"PrimarySource": "Code"}))),
        "Action configuration for action 'Synth' is missing required configuration 'ProjectName'",
    ),
    (
        valid_properties(stages=after_source(build(Namespace="N"), build("Test", Namespace="N"))),
        "Namespaces must be unique across the pipeline definition. The following occur more than once in the "
        "pipeline. StageName=[Work], ActionName=[Synth], Namespace=[N]; StageName=[Work], ActionName=[Test]",
    ),
    (valid_properties(stages=after_source(build(Namespace="variables"))), "the namespace variables, which is CodePi"),
    (
        valid_properties(stages=after_source(approval(Configuration={"CustomData": "#{Built.Url}"}))),
        "referencing a namespace that does not exist. StageName=[Work], ActionName=[Approve], "
        "ActionConfigurationKey=[CustomData], VariableReferenceText=[#{Built.Url}]",
    ),
    (
        valid_properties(stages=after_source(approval(Configuration={"CustomData": "#{variables.Who}"}))),
        "VariableReferenceText=[#{variables.Who}]",
    ),
    (
        valid_properties(Variables=[{"Name": "A"}, {"Name": "A"}], **V2),
        "variable A is declared more than once",
    ),
    (valid_properties(ArtifactStore=None), "You must include either artifactStore or artifactStores in your pipeline"),
    (
        valid_properties(ArtifactStores=[{"Region": REGION, "ArtifactStore": STORE}]),
        "but you cannot use both",
    ),
    (
        valid_properties(stages=after_source(build(Region="us-east-1"))),
        "there is none for us-east-1. If you create a cross-region action in your pipeline, you must use",
    ),
    (
        valid_properties(ArtifactStore=None, ArtifactStores=[{"Region": "us-east-1", "ArtifactStore": STORE}]),
        f"there is none for {REGION}",
    ),
    (
        valid_properties(
            stages=[stage("Source", source(Region="us-east-1")), stage("Build", build())],
            ArtifactStore=None,
            ArtifactStores=[{"Region": region, "ArtifactStore": STORE} for region in (REGION, "us-east-1")],
        ),
        "Source action Checkout is in us-east-1",
    ),
    (valid_properties(DisableInboundStageTransitions=[{"StageName": "Prod", "Reason": "why"}]), "has no stage Prod"),
]
FEATURES_OF_V2 = [
    (valid_properties(PipelineType="V1", Triggers=[trigger()]), "Triggers can only be used with V2 pipelines"),
    (valid_properties(PipelineType="V1", Variables=[{"Name": "A"}]), "Pipeline variables can only be used with V2"),
    (valid_properties(PipelineType="V1", ExecutionMode="QUEUED"), "Execution mode QUEUED can only be used with V2"),
    (
        valid_properties(PipelineType="V1", stages=after_source(build(), OnSuccess=condition("FAIL"))),
        "Stage conditions can only be used with V2 pipelines",
    ),
    (
        valid_properties(PipelineType="V1", stages=after_source(build(), OnFailure={"Result": "ROLLBACK"})),
        "Stage conditions can only be used with V2 pipelines",
    ),
    (
        valid_properties(PipelineType="V1", stages=after_source(action("Run", "Commands", "Compute"))),
        "Compute actions can only be used with V2 pipelines",
    ),
]
CONDITIONS = [
    (
        valid_properties(
            stages=after_source(build(), OnSuccess=condition("FAIL", alarm_rule(Configuration={"WaitTime": "1"}))), **V2
        ),
        "Rule configuration for rule 'Work/OnSuccess/Bake' is missing required configuration 'AlarmName'",
    ),
    (
        valid_properties(stages=after_source(build(), BeforeEntry=condition("ROLLBACK")), **V2),
        "Stage Work: a BeforeEntry condition has the result ROLLBACK; allowed: FAIL, SKIP",
    ),
    (
        valid_properties(stages=after_source(build(), OnSuccess=condition("SKIP")), **V2),
        "Stage Work: a OnSuccess condition has the result SKIP; allowed: ROLLBACK, FAIL",
    ),
    (
        valid_properties(stages=after_source(build(), OnFailure=condition("FAIL")), **V2),
        "Stage Work: a OnFailure condition has the result FAIL; allowed: ROLLBACK",
    ),
    (
        valid_properties(stages=after_source(build(), BeforeEntry=condition("SKIP")), **V2),
        "rule Bake (CloudWatchAlarm) cannot skip the stage",
    ),
    (
        valid_properties(stages=after_source(build(), OnFailure={"Result": "SKIP"}), **V2),
        "OnFailure has the result SKIP; allowed: ROLLBACK, RETRY, FAIL",
    ),
    (
        valid_properties(stages=after_source(build(), OnFailure={"Result": "RETRY"} | condition("ROLLBACK")), **V2),
        "automatic stage retry cannot be used with onFailure conditions",
    ),
    (
        valid_properties(
            stages=after_source(build(), OnFailure={"Result": "ROLLBACK"}), ExecutionMode="PARALLEL", **V2
        ),
        "stage rollback is not available in PARALLEL mode",
    ),
    (
        valid_properties(
            stages=[stage("Source", source(), OnFailure={"Result": "ROLLBACK"}), stage("Build", build())], **V2
        ),
        "a source stage cannot be rolled back",
    ),
]
TRIGGERS = [
    (valid_properties(Triggers=[trigger("Nobody")], **V2), "must reference a CodeStarSourceConnection action"),
    (
        valid_properties(Triggers=[trigger(), trigger()], **V2),
        "you cant specify more than one trigger per",
    ),
    (
        valid_properties(
            Triggers=[trigger(Push=[{"Tags": {"Includes": ["v*"]}, "Branches": {"Includes": ["main"]}}])], **V2
        ),
        "Make sure to choose valid filter combinations",
    ),
]


@pytest.mark.parametrize(("properties", "sentence"), [*SHAPES, *STRUCTURE, *FEATURES_OF_V2, *CONDITIONS, *TRIGGERS])
def test_what_codepipeline_refuses_is_said_in_its_words(properties: dict[str, Any], sentence: str) -> None:
    assert sentence in said(properties)


def test_a_pipeline_without_a_type_may_use_what_makes_it_v2() -> None:
    stages = after_source(build(), OnFailure={"Result": "ROLLBACK"})

    assert said(valid_properties(stages=stages, ExecutionMode="QUEUED", Variables=[{"Name": "A"}])) == ""


def test_a_condition_after_a_failure_needs_no_result() -> None:
    assert said(valid_properties(stages=after_source(build(), OnFailure=condition(None)), **V2)) == ""


@pytest.mark.parametrize(
    "properties",
    [
        valid_properties(Name="<Name>", ExecutionMode="<Mode>", PipelineType="<Type>"),
        valid_properties(stages=after_source(build(RunOrder="<Order>", Configuration={"ProjectName": "<Project>"}))),
        valid_properties(stages=after_source(build(InputArtifacts=[{"Name": "<Input>"}]))),
        valid_properties(
            stages=[stage("Source", source(OutputArtifacts=[{"Name": "<Output>"}])), stage("Build", build())]
        ),
        valid_properties(stages=after_source(build("<Name>"), build("<Name>"))),
        valid_properties(stages=after_source(build(Region="<Region>"))),
        valid_properties(stages=after_source(build(InputArtifacts="<Fn::If>"))),
        valid_properties(ArtifactStore="<Fn::If>"),
        valid_properties() | {"Stages": "<Fn::If>"},
    ],
    ids=["scalars", "numbers", "input", "output", "names", "region", "list", "store", "stages"],
)
def test_what_is_hidden_is_not_refused(properties: dict[str, Any]) -> None:
    assert refusals(properties, region=REGION, is_hidden=has_token) == ()

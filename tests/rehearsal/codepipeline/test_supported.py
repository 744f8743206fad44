from __future__ import annotations

from typing import Any

import pytest

from rehearsal.codepipeline.definition_shape import has_token
from rehearsal.codepipeline.supported import unread_properties
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

CLONE = {"OutputArtifactFormat": "CODEBUILD_CLONE_REF"}


def one_stage(*actions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return valid_properties(stages=[SOURCE_STAGE, stage("Work", *actions, **changes)])


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        (valid_properties(Webhooks=[]), "property Webhooks: it is not known here"),
        (
            one_stage(build(Retries=1)),
            "property Stages.2.Actions.1.Retries: it is not known here",
        ),
        (one_stage(build(), Blockers=[{"Name": "Night", "Type": "Schedule"}]), "stage Work: Blockers is not supported"),
        (one_stage(build(Commands=["ls"])), "action Work/Synth: Commands is not supported"),
        (one_stage(build(OutputVariables=["A"])), "action Work/Synth: OutputVariables is not supported"),
        (
            one_stage(build(EnvironmentVariables=[{"Name": "A", "Value": "b"}])),
            "action Work/Synth: EnvironmentVariables is not supported",
        ),
        (
            one_stage(build(TimeoutInMinutes=10)),
            "action Work/Synth: TimeoutInMinutes is available only to the manual approval action",
        ),
        (
            one_stage(build(OutputArtifacts=[{"Name": "Out", "Files": ["dist/*"]}])),
            "action Work/Synth: Files of output artifact Out are not supported",
        ),
        (
            one_stage(action("Approve", "Manual", "Approval", Configuration={"Color": "red"})),
            "action Work/Approve: configuration Color is not supported; supported: CustomData, ExternalEntityLink, "
            "NotificationArn",
        ),
        (
            valid_properties(
                stages=[
                    stage("Source", source(Configuration=source()["Configuration"] | CLONE)),
                    stage("Work", build()),
                ]
            ),
            "action Source/Checkout: OutputArtifactFormat CODEBUILD_CLONE_REF; supported: CODE_ZIP, files without "
            "their history",
        ),
        (
            one_stage(build(), OnSuccess=condition("FAIL", alarm_rule(TimeoutInMinutes=10))),
            "rule Work/OnSuccess/Bake: TimeoutInMinutes is not supported",
        ),
        (
            one_stage(build(), OnSuccess=condition("FAIL", alarm_rule(InputArtifacts=[{"Name": "Code"}]))),
            "rule Work/OnSuccess/Bake: InputArtifacts is not supported",
        ),
        (
            one_stage(
                build(), BeforeEntry=condition("FAIL", alarm_rule(Configuration={"AlarmName": "a", "Days": "2"}))
            ),
            "rule Work/BeforeEntry/Bake: configuration Days is not supported",
        ),
    ],
)
def test_a_property_that_nobody_reads_is_named(properties: dict[str, Any], sentence: str) -> None:
    assert sentence in "\n".join(unread_properties(properties))


def test_what_is_read_is_not_named() -> None:
    approval = action("Approve", "Manual", "Approval", TimeoutInMinutes="60", Configuration={"CustomData": "why"})

    assert unread_properties(one_stage(build(), approval, OnSuccess=condition("FAIL"))) == ()


def test_a_format_that_is_hidden_is_not_refused() -> None:
    checkout = source(Configuration=source()["Configuration"] | {"OutputArtifactFormat": "<Format>"})

    assert unread_properties(valid_properties(stages=[stage("Source", checkout)]), has_token) == ()

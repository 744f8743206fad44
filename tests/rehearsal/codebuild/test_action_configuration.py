from __future__ import annotations

import pytest

from rehearsal.codebuild.action_configuration import refused_configuration
from rehearsal.codepipeline.actions.action import ActionDeclaration, ActionType


def refusals(
    configuration: dict[str, str], *, inputs: tuple[str, ...] = ("App",), outputs: tuple[str, ...] = ()
) -> list[str]:
    return list(
        refused_configuration(
            ActionDeclaration(
                name="Build",
                action_type=ActionType(category="Build", owner="AWS", provider="CodeBuild"),
                configuration={"ProjectName": "P", **configuration},
                input_artifacts=inputs,
                output_artifacts=outputs,
            )
        )
    )


@pytest.mark.parametrize(
    ("configuration", "inputs", "outputs"),
    [
        ({"EnvironmentVariables": "[]", "BatchEnabled": "false", "CombineArtifacts": "true"}, ("App",), ()),
        ({}, ("my-app",), ("my-output",)),  # one input and one output are no secondary ones
        ({"PrimarySource": "my-app"}, ("my-app", "lib_1"), ("first_1", "second")),
        ({}, (), ()),
    ],
)
def test_refused_configuration_is_empty_when_codebuild_takes_it(
    configuration: dict[str, str], inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    assert refusals(configuration, inputs=inputs, outputs=outputs) == []


@pytest.mark.parametrize(
    ("configuration", "inputs", "outputs", "words"),
    [
        ({"BatchEnabled": "true"}, ("App",), (), "batch builds (BatchEnabled)"),
        ({"Projectname": "P"}, ("App",), (), "Projectname: no key of a CodeBuild action's configuration"),
        ({}, ("App", "Lib"), (), "The action has the input artifacts App, Lib; PrimarySource must name one"),
        ({"PrimarySource": "Else"}, ("App",), (), "PrimarySource is Else; the action's input artifacts are App"),
        ({"PrimarySource": "App"}, ("App", "my-lib"), (), "artifact my-lib: CodeBuild refuses its name"),
        ({"PrimarySource": "App"}, ("App", "my@lib"), (), "artifact my@lib: CodeBuild refuses its name"),
        ({"PrimarySource": "App"}, ("App", "l" * 128), (), f"artifact {'l' * 128}: CodeBuild refuses its name"),
        ({}, ("App",), ("first", "my-second"), "artifact my-second: CodeBuild refuses its name"),
    ],
)
def test_refused_configuration_names_what_cannot_run_here_or_on_aws(
    configuration: dict[str, str], inputs: tuple[str, ...], outputs: tuple[str, ...], words: str
) -> None:
    (sentence,) = refusals(configuration, inputs=inputs, outputs=outputs)

    assert sentence.startswith(words)

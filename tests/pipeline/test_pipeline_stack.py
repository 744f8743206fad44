"""The promises of the pipeline, read from its template."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from app import compose
from config import CodeCommitSource, StageConfiguration
from pipeline.pipeline_stack import PipelineStack
from service.service_stage import ServiceStage
from tests.assembly import Assembly, Template
from tests.example import REGION, example_configuration
from tests.synthesis import new_app

Stages = dict[str, dict[str, Any]]
Buildspecs = dict[str, dict[str, Any]]


def test_stages_are_in_the_order_of_a_release(stages: Stages) -> None:
    assert list(stages) == ["Source", "Build", "UpdatePipeline", "Assets", "Staging", "ApproveProd", "Prod"]


def test_actions_of_a_deployed_stage_end_with_its_end_to_end_tests_and_its_bake(stages: Stages) -> None:
    for stage, proofs in (("Staging", ["EndToEnd", "Bake"]), ("Prod", ["EndToEnd", "Bake"])):
        actions = sorted(stages[stage]["Actions"], key=lambda action: (action["RunOrder"], action["Name"]))
        assert [action["Name"] for action in actions] == [
            "WayBack",
            *(["AsApproved"] if stage == "Prod" else []),
            *("Database.Deploy", "Operators.Deploy"),
            *("Changes.Deploy", "Cursors.Deploy", "Maintenance.Deploy", "Telemetry.Deploy"),
            *("Api.Deploy", "Notifications.Deploy"),
            *("Dashboard.Deploy", "Prober.Deploy"),
            *proofs,
        ]
        orders = [action["RunOrder"] for action in actions]
        assert orders.count(orders[0]) == 1
        assert [orders.count(order) for order in orders[-len(proofs) :]] == [1] * len(proofs)


def test_pipeline_is_v2_superseded_and_restarts_when_it_changed_itself(pipeline: dict[str, Any]) -> None:
    assert pipeline["PipelineType"] == "V2"
    assert pipeline["ExecutionMode"] == "SUPERSEDED"
    assert pipeline["RestartExecutionOnUpdate"] is True


def test_pull_requests_and_tags_start_nothing(pipeline: dict[str, Any]) -> None:
    assert "Triggers" not in pipeline


def test_artifacts_are_encrypted_with_a_key_that_rotates(template: Template, pipeline: dict[str, Any]) -> None:
    key_id = pipeline["ArtifactStore"]["EncryptionKey"]["Id"]["Fn::GetAtt"][0]
    assert template.resources[key_id]["Properties"]["EnableKeyRotation"] is True


def test_every_stack_is_deployed_by_one_action_without_change_sets(stages: Stages) -> None:
    deploys = [
        action
        for stage in stages.values()
        for action in stage["Actions"]
        if action["ActionTypeId"]["Provider"] == "CloudFormation"
    ]
    assert {action["Configuration"]["ActionMode"] for action in deploys} == {"CREATE_UPDATE"}


def test_every_project_pins_image_and_runtimes(template: Template, buildspecs: Buildspecs) -> None:
    assert buildspecs
    for logical_id, buildspec in buildspecs.items():
        runtimes = buildspec["phases"]["install"]["runtime-versions"]
        environment = template.resources[logical_id]["Properties"]["Environment"]
        assert runtimes == {"python": "3.13", "nodejs": "22"}, logical_id
        assert environment["Image"] == "aws/codebuild/standard:7.0", logical_id
        assert environment["PrivilegedMode"] is False, logical_id


def test_no_build_installs_a_package_without_a_version_or_from_pypi_without_a_hash(buildspecs: Buildspecs) -> None:
    for logical_id, buildspec in buildspecs.items():
        for phase in buildspec["phases"].values():
            for command in phase.get("commands", []):
                for package in _globally_installed(command):
                    assert re.fullmatch(r"[\w@/-]+@\d+\.\d+\.\d+", package), f"{logical_id}: {command}"
                if "pip install" in command:
                    assert re.search(r" --require-hashes -r [\w/]+\.txt(?:$|; then )", command), (
                        f"{logical_id}: {command}"
                    )


def _globally_installed(command: str) -> list[str]:
    found = re.search(r"npm (?:install|i) (?:-g|--global) (.+)", command)
    return found.group(1).split() if found else []


def test_one_publisher_publishes_all_assets(stages: Stages) -> None:
    assert [action["Name"] for action in stages["Assets"]["Actions"]] == ["FileAssets"]


def test_pipeline_stays_the_same_when_the_service_gets_other_code_and_a_new_asset(
    assembly: Assembly, with_additions: Assembly
) -> None:
    of_stages = "assembly-AutonomousCarManagerPipeline-*/*.assets.json"

    assert _published(with_additions, of_stages) > _published(assembly, of_stages)
    assert with_additions.pipeline_template == assembly.pipeline_template


class SmallService(ServiceStage):
    """What a pipeline needs to know of a service, without its stacks: they do not depend on where the source is."""

    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        cdk.Stage.__init__(self, scope, construct_id, env=env)
        stack = cdk.Stack(self, "Api")
        s3_assets.Asset(stack, "Code", path=__file__)
        self.api_url = cdk.CfnOutput(stack, "ApiUrl", value="https://api.example")
        self.e2e_role_arn = cdk.CfnOutput(stack, "EndToEndRoleArn", value="arn:aws:iam::222222222222:role/e2e")
        self.bake_alarm_names = ("cars-prod-api-5xx-rate",)
        self.canaried_stack_ids = ("Api",)


class PipelineOfSmallService(PipelineStack):
    def service_stage(self, stage_id: str, configuration: StageConfiguration) -> ServiceStage:
        place = configuration.environment
        return SmallService(self, stage_id, env=cdk.Environment(account=place.account, region=place.region))


def test_pipeline_builds_from_codecommit_when_the_configuration_says_so(tmp_path: Path) -> None:
    # given
    source = CodeCommitSource(repository="cars", branch="main")
    values = dataclasses.replace(example_configuration(), source=source, checks_pull_requests=True)
    app = new_app(tmp_path / "cdk.out")
    # when
    compose(app, values, PipelineOfSmallService)
    app.synth()
    # then
    template = Assembly(tmp_path / "cdk.out").pipeline_template
    stages = {stage["Name"]: stage for stage in template.only("AWS::CodePipeline::Pipeline")["Stages"]}
    assert stages["Source"]["Actions"][0]["ActionTypeId"]["Provider"] == "CodeCommit"
    evidence = stages["ApproveProd"]["Actions"][0]["Configuration"]
    assert "AUTHOR" not in evidence["EnvironmentVariables"]
    (gather,) = (
        project["Properties"]["Source"]["BuildSpec"]
        for logical_id, project in template.of_type("AWS::CodeBuild::Project").items()
        if logical_id == evidence["ProjectName"]["Ref"]
    )
    assert "/repositories/cars/commit/{commit}" in gather
    assert "--compare-url" not in gather
    assert "UseConnection" not in json.dumps(template.resources)
    sources = [project["Properties"]["Source"] for project in template.of_type("AWS::CodeBuild::Project").values()]
    assert [source["Location"] for source in sources if source["Type"] == "CODECOMMIT"] == [
        {"Fn::Join": ["", [f"https://git-codecommit.{REGION}.", {"Ref": "AWS::URLSuffix"}, "/v1/repos/cars"]]}
    ]


def _published(assembly: Assembly, pattern: str) -> set[str]:
    manifests = [json.loads(path.read_text()) for path in assembly.folder.glob(pattern)]
    return {asset for manifest in manifests for asset in manifest["files"]}

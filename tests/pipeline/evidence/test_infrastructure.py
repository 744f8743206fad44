"""The evidence in the pipeline: made before the approval by a step that can do little else, and held to by Prod."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.assembly import Assembly, Template
from tests.synthesis import ROOT

Stages = dict[str, dict[str, Any]]
Buildspecs = dict[str, dict[str, Any]]
OF_EVERY_PROJECT = ("logs", "codebuild", "kms")
TWELVE_MONTHS = 366


@pytest.fixture
def evidence(stages: Stages) -> dict[str, Any]:
    return _action(stages, "ApproveProd", "Evidence")


@pytest.fixture
def bucket(template: Template) -> tuple[str, dict[str, Any]]:
    artifacts = template.only("AWS::CodePipeline::Pipeline")["ArtifactStore"]["Location"]["Ref"]
    ((logical_id, found),) = (item for item in template.of_type("AWS::S3::Bucket").items() if item[0] != artifacts)
    return logical_id, found


def test_step_gets_what_prod_would_deploy_and_both_test_reports(stages: Stages, evidence: dict[str, Any]) -> None:
    inputs = [artifact["Name"] for artifact in evidence["InputArtifacts"]]
    deployed = {
        action["InputArtifacts"][0]["Name"]
        for action in stages["Prod"]["Actions"]
        if action["ActionTypeId"]["Provider"] == "CloudFormation"
    }
    assert inputs[1:] == [*deployed, "Build_test_reports", "EndToEnd_test_reports"]


def test_what_comes_from_a_commit_is_one_quoted_word_of_the_command(
    evidence: dict[str, Any], buildspecs: Buildspecs
) -> None:
    command = buildspecs[evidence["Configuration"]["ProjectName"]["Ref"]]["phases"]["build"]["commands"][0]
    assert ' --author="$AUTHOR" ' in command
    assert ' --execution="$EXECUTION_ID" ' in command


def test_step_exports_digest_summary_and_attempt(evidence: dict[str, Any], buildspecs: Buildspecs) -> None:
    buildspec = buildspecs[evidence["Configuration"]["ProjectName"]["Ref"]]
    assert sorted(buildspec["env"]["exported-variables"]) == ["EVIDENCE_ATTEMPT", "EVIDENCE_DIGEST", "EVIDENCE_SUMMARY"]


def test_step_may_read_two_stages_and_the_pipeline_and_write_evidence_and_no_more(
    template: Template, evidence: dict[str, Any], bucket: tuple[str, dict[str, Any]]
) -> None:
    project = template.resources[evidence["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    role = project["ServiceRole"]["Fn::GetAtt"][0]
    arn = {"Fn::GetAtt": [bucket[0], "Arn"]}
    own = [
        (statement["Action"], statement["Resource"])
        for statement in template.statements_of(role)
        if not statement["Action"][0].startswith(OF_EVERY_PROJECT) and "Artifacts" not in json.dumps(statement)
    ]

    assert template.resources[role]["Properties"]["RoleName"] == "acs-evidence"
    assert own == [
        (
            ["sts:AssumeRole"],
            [
                "arn:aws:iam::222222222222:role/acs-release-reader-staging",
                "arn:aws:iam::333333333333:role/acs-release-reader-prod",
            ],
        ),
        (
            ["codepipeline:GetPipelineState", "codepipeline:ListPipelineExecutions"],
            "arn:aws:codepipeline:eu-west-1:111111111111:AutonomousCarManager",
        ),
        (["s3:GetObject", "s3:PutObject"], {"Fn::Join": ["", [arn, "/executions/*"]]}),
        (["inspector-scan:ScanSbom"], "*"),
        (["s3:ListBucket"], arn),
    ]


def test_evidence_is_private_kept_and_as_old_as_a_release_that_can_be_put_back(
    bucket: tuple[str, dict[str, Any]],
) -> None:
    properties = bucket[1]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]
    assert (bucket[1]["DeletionPolicy"], bucket[1]["UpdateReplacePolicy"]) == ("Retain", "Retain")
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == TWELVE_MONTHS


def test_nobody_but_the_step_writes_evidence_and_nobody_overwrites_or_deletes_it_or_comes_without_tls(
    template: Template, evidence: dict[str, Any], bucket: tuple[str, dict[str, Any]]
) -> None:
    # given
    project = template.resources[evidence["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    (policy,) = (
        found["Properties"]["PolicyDocument"]["Statement"]
        for found in template.of_type("AWS::S3::BucketPolicy").values()
        if found["Properties"]["Bucket"] == {"Ref": bucket[0]}
    )
    # when
    denials = [statement for statement in policy if statement["Effect"] == "Deny"]
    denied = {json.dumps(statement.get("Condition")): statement["Action"] for statement in denials}
    # then
    objects = {"Fn::Join": ["", [{"Fn::GetAtt": [bucket[0], "Arn"]}, "/*"]]}
    assert all(statement["Principal"] == {"AWS": "*"} for statement in denials)
    assert all(objects in ([*r] if isinstance(r := statement["Resource"], list) else [r]) for statement in denials)
    assert denied == {
        json.dumps({"Bool": {"aws:SecureTransport": "false"}}): "s3:*",
        json.dumps({"ArnNotEquals": {"aws:PrincipalArn": project["ServiceRole"]}}): "s3:PutObject",
        json.dumps({"Null": {"s3:if-none-match": "true"}}): "s3:PutObject",
        "null": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
    }


def test_step_installs_its_own_workspace_alone(evidence: dict[str, Any], buildspecs: Buildspecs) -> None:
    install = buildspecs[evidence["Configuration"]["ProjectName"]["Ref"]]["phases"]["install"]["commands"]
    workspace = json.loads((ROOT / "pipeline/evidence/package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert "npm ci --workspace pipeline/evidence --omit=peer " in install[-1]
    assert locked["pipeline/evidence"]["dependencies"] == workspace["dependencies"]
    assert all(locked[f"node_modules/{name}"]["version"] == pin for name, pin in workspace["dependencies"].items())


def test_prod_compares_its_artifact_with_the_evidence_before_it_deploys_anything(
    stages: Stages, evidence: dict[str, Any], buildspecs: Buildspecs
) -> None:
    action = _action(stages, "Prod", "AsApproved")
    variables = {each["name"]: each["value"] for each in json.loads(action["Configuration"]["EnvironmentVariables"])}
    (command,) = buildspecs[action["Configuration"]["ProjectName"]["Ref"]]["phases"]["build"]["commands"]
    deploys = [other for other in stages["Prod"]["Actions"] if other["ActionTypeId"]["Provider"] == "CloudFormation"]

    assert variables == {
        "EVIDENCE_DIGEST": f"#{{{evidence['Namespace']}.EVIDENCE_DIGEST}}",
        "WAY_BACK": "#{ProdWayBack.WAY_BACK}",
    }
    assert command.endswith('--stage Prod --digest "$EVIDENCE_DIGEST" --way-back "$WAY_BACK"')
    assert {other["InputArtifacts"][0]["Name"] for other in deploys} == {action["InputArtifacts"][1]["Name"]}
    assert min(other["RunOrder"] for other in deploys) > action["RunOrder"]


@pytest.mark.parametrize(("stage", "account"), [("Staging", "222222222222"), ("Prod", "333333333333")])
def test_reader_of_a_stage_trusts_the_step_and_the_monitor_and_reads_its_releases_alone(
    assembly: Assembly, stage: str, account: str
) -> None:
    template = assembly.stage_template(stage, "Operators")
    roles = template.of_type("AWS::IAM::Role").items()
    ((logical_id, role),) = [(name, found) for name, found in roles if name.startswith("ReleaseReader")]
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    statements = template.statements_of(logical_id)
    read = {action: statement["Resource"] for statement in statements for action in statement["Action"]}

    assert role["Properties"]["RoleName"] == f"acs-release-reader-{stage.lower()}"
    trusted = [f"arn:aws:iam::111111111111:role/{name}" for name in ("acs-evidence", "acs-release-monitor")]
    assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": trusted}}
    assert read["cloudformation:GetTemplate"] == f"arn:aws:cloudformation:eu-west-1:{account}:stack/{stage}-*/*"
    assert read["codedeploy:ListDeployments"] == f"arn:aws:codedeploy:eu-west-1:{account}:deploymentgroup:{stage}-*/*"
    assert [action for action, resource in read.items() if resource == "*"] == ["cloudwatch:GetMetricData"]
    verbs = ("Describe", "Get", "List", "BatchGet")
    assert all(action.partition(":")[2].startswith(verbs) for action in read)


def _action(stages: Stages, stage: str, name: str) -> dict[str, Any]:
    named: dict[str, dict[str, Any]] = {action["Name"]: action for action in stages[stage]["Actions"]}
    return named[name]

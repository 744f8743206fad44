"""The artifacts: kept for as long as a stage can be rolled back to them, and each written by its own project alone."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import pipelines
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

from pipeline.artifact_store import ArtifactStore
from pipeline.errors import PipelineError
from tests.assembly import Template

Stages = dict[str, dict[str, Any]]
BUCKET = "arn:aws:s3:::artifacts"
PROJECTS = [
    *(("Build", "Build"), ("UpdatePipeline", "SelfMutate"), ("Assets", "FileAssets")),
    *(("Staging", "EndToEnd"), ("Prod", "EndToEnd"), ("ApproveProd", "Evidence"), ("Prod", "AsApproved")),
]
TWELVE_MONTHS = 366


def test_artifacts_are_kept_as_long_as_codepipeline_knows_their_executions(template: Template) -> None:
    rules = _bucket(template)["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule] == [TWELVE_MONTHS]
    assert all("Prefix" not in rule and "TagFilters" not in rule for rule in rules)


def test_what_is_overwritten_is_kept_beside_what_overwrote_it_but_not_for_ever(template: Template) -> None:
    bucket = _bucket(template)["Properties"]
    kept = [rule.get("NoncurrentVersionExpiration") for rule in bucket["LifecycleConfiguration"]["Rules"]]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert {"NoncurrentDays": 90} in kept


def test_bucket_and_the_key_that_reads_it_outlive_the_stack(template: Template) -> None:
    bucket = _bucket(template)
    (encryption,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key = template.resources[encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]["Fn::GetAtt"][0]]
    for kept in (bucket, key):
        assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize(
    ("stage", "action", "key", "is_allowed"),
    [
        ("Build", "Build", "AutonomousCarManager/Build_Outp/xyz1234", True),
        ("Build", "Build", "AutonomousCarManager/acme_auton/xyz1234", False),
        ("Build", "Build", "AutonomousCarManager/Other_Outp/xyz1234", False),
        ("Build", "Build", "elsewhere", False),
        ("Build", "Build", "AutonomousCarManager/Build_test/xyz1234", True),
        ("Staging", "EndToEnd", "AutonomousCarManager/EndToEnd_t/xyz1234", True),
        ("Prod", "EndToEnd", "AutonomousCarManager/EndToEnd_t/xyz1234", False),
        ("ApproveProd", "Evidence", "AutonomousCarManager/EndToEnd_t/xyz1234", False),
        *((*project, "AutonomousCarManager/Build_Outp/xyz1234", False) for project in PROJECTS[1:]),
    ],
)
def test_project_writes_its_own_artifacts_and_no_others(
    template: Template, stages: Stages, stage: str, action: str, key: str, is_allowed: bool
) -> None:
    role = _role_of(template, stages, stage, action)
    assert (_decision(template, role, "s3:PutObject", f"{BUCKET}/{key}") != "Deny") == is_allowed


@pytest.mark.parametrize(("stage", "action"), PROJECTS)
@pytest.mark.parametrize(
    ("operation", "resource"),
    [
        ("s3:ListBucket", BUCKET),
        ("s3:ListBucketVersions", BUCKET),
        ("s3:DeleteObject", f"{BUCKET}/AutonomousCarManager/Build_Outp/xyz1234"),
        ("s3:DeleteObjectVersion", f"{BUCKET}/AutonomousCarManager/Build_Outp/xyz1234"),
        ("s3:PutObjectTagging", f"{BUCKET}/AutonomousCarManager/Build_Outp/xyz1234"),
        ("s3:PutLifecycleConfiguration", BUCKET),
    ],
)
def test_no_project_finds_or_removes_the_artifacts_of_other_executions(
    template: Template, stages: Stages, stage: str, action: str, operation: str, resource: str
) -> None:
    assert _decision(template, _role_of(template, stages, stage, action), operation, resource) == "Deny"


@pytest.mark.parametrize(("stage", "action"), PROJECTS)
@pytest.mark.parametrize(
    ("operation", "resource"),
    [
        ("s3:GetObject", f"{BUCKET}/AutonomousCarManager/Build_Outp/xyz1234"),
        ("s3:GetObjectVersion", f"{BUCKET}/AutonomousCarManager/acme_auton/xyz1234"),
        ("s3:GetBucketAcl", BUCKET),
        ("s3:GetBucketLocation", BUCKET),
    ],
)
def test_every_project_reads_its_input_as_codebuild_needs_it(
    template: Template, stages: Stages, stage: str, action: str, operation: str, resource: str
) -> None:
    assert _decision(template, _role_of(template, stages, stage, action), operation, resource) != "Deny"


def test_pipeline_itself_is_denied_nothing(template: Template, pipeline: dict[str, Any]) -> None:
    role = pipeline["RoleArn"]["Fn::GetAtt"][0]
    assert _decision(template, role, "s3:PutObject", f"{BUCKET}/AutonomousCarManager/acme_auton/xyz1234") != "Deny"


def test_artifacts_that_their_keys_cannot_tell_apart_are_refused() -> None:
    # given
    stack = cdk.Stack(cdk.App(), "Small", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    store = ArtifactStore(stack, "Artifacts")
    source = pipelines.CodePipelineSource.connection("owner/repository", "main", connection_arn="arn:connection")
    first = pipelines.ShellStep("Translations1", input=source, commands=["true"], primary_output_directory="out")
    second = pipelines.ShellStep(
        "Translations2", input=first.add_output_directory("more"), commands=["true"], primary_output_directory="out"
    )
    release = pipelines.CodePipeline(
        stack,
        "Release",
        pipeline_name="Small",
        synth=second,
        artifact_bucket=store.bucket,
        pipeline_type=codepipeline.PipelineType.V2,
    )
    release.build_pipeline()
    # then
    with pytest.raises(PipelineError, match="begin with the same 10 letters"):
        store.keep_projects_to_their_own(release, release.pipeline)


def _role_of(template: Template, stages: Stages, stage: str, action: str) -> str:
    """The logical id of the role of the project that this action runs."""
    (declared,) = [found for found in stages[stage]["Actions"] if found["Name"] == action]
    project = template.resources[declared["Configuration"]["ProjectName"]["Ref"]]
    role: str = project["Properties"]["ServiceRole"]["Fn::GetAtt"][0]
    return role


def _decision(template: Template, role: str, action: str, resource: str) -> str:
    """What the bucket's policy says to the role: Allow, Deny or ImplicitDeny, which leaves it to the role's own."""
    context = EvalContext(
        principal_arn=_arn(role),
        principal_type="AssumedRole",
        principal_account="111111111111",
        action=action,
        resource_arn=resource,
        region="eu-west-1",
        secure_transport=True,
    )
    (policy,) = (
        found["Properties"]["PolicyDocument"]
        for found in template.of_type("AWS::S3::BucketPolicy").values()
        if found["Properties"]["Bucket"] == _location(template)
    )
    decision: str = evaluate_resource_policy(json.dumps(_resolved(policy)), context).decision
    return decision


def _location(template: Template) -> dict[str, str]:
    location: dict[str, str] = template.only("AWS::CodePipeline::Pipeline")["ArtifactStore"]["Location"]
    return location


def _bucket(template: Template) -> dict[str, Any]:
    bucket: dict[str, Any] = template.resources[_location(template)["Ref"]]
    return bucket


def _arn(logical_id: str) -> str:
    return BUCKET if "Bucket" in logical_id else f"arn:aws:iam::111111111111:role/{logical_id}"


def _resolved(value: Any) -> Any:
    match value:
        case {"Fn::GetAtt": [str(logical_id), "Arn"]}:
            return _arn(logical_id)
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(_resolved(part) for part in parts)
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case dict():
            return {name: _resolved(item) for name, item in value.items()}
        case list():
            return [_resolved(item) for item in value]
        case _:
            return value

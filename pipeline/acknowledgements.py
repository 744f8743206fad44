"""The findings of cdk-nag that stay, each with its reason: all in grants that CDK Pipelines makes by itself.

An acknowledgement names one finding on one construct, never a rule as a whole. It must not grant anything.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct, IConstruct

_ARTIFACT_STORE_ACTIONS = (
    "s3:Abort*",
    "s3:DeleteObject*",
    "s3:GetBucket*",
    "s3:GetObject*",
    "s3:List*",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
)
_ARTIFACT_STORE_REASON = "CDK's grant on the pipeline's own artifact bucket and its key: names no other resource."
_LOGS_REASON = "The streams of the project's own log group."
_REPORTS_REASON = "The project's own report groups, which CodeBuild names after it."


def acknowledge_generated_grants(release: pipelines.CodePipeline, bucket: s3.Bucket) -> None:
    """To be called when the pipeline is built; `bucket` holds its artifacts."""
    stack = cdk.Stack.of(release)
    bucket_id = stack.get_logical_id(_resource(bucket))
    _acknowledge(
        bucket,
        {"S1": "Reached by this stack's roles alone; CloudTrail's data events tell who read what."},
    )
    for construct in release.node.find_all():
        if isinstance(construct, iam.Role):
            findings = {f"Action::{action}": _ARTIFACT_STORE_REASON for action in _ARTIFACT_STORE_ACTIONS}
            findings[f"Resource::<{bucket_id}.Arn>/*"] = _ARTIFACT_STORE_REASON
            _acknowledge_wildcards(construct, findings)
        elif isinstance(construct, codebuild.Project):
            project = f"<{stack.get_logical_id(_resource(construct))}>"
            assert isinstance(construct.role, iam.Role)
            _acknowledge_wildcards(
                construct.role,
                {
                    f"Resource::arn:aws:logs:{stack.region}:{stack.account}:log-group:/aws/codebuild/{project}:*": (
                        _LOGS_REASON
                    ),
                    f"Resource::arn:aws:codebuild:{stack.region}:{stack.account}:report-group/{project}-*": (
                        _REPORTS_REASON
                    ),
                },
            )
    _acknowledge_wildcards(
        _find(release, "UpdatePipeline/SelfMutation"),
        {
            f"Resource::arn:*:iam::{stack.account}:role/*": "Limited by a condition to the roles of CDK's bootstrap.",
            "Resource::*": "DescribeStacks and ListBucket, to find the bootstrap stack and its bucket: names only.",
        },
    )
    _acknowledge_wildcards(
        _find(release, "Assets/FileRole"),
        {
            "Resource::*": "CDK's singleton role for asset publishers starts its own builds; it exists before they do.",
            f"Resource::arn:aws:logs:{stack.region}:{stack.account}:log-group:/aws/codebuild/*": _LOGS_REASON,
            f"Resource::arn:aws:codebuild:{stack.region}:{stack.account}:report-group/*": _REPORTS_REASON,
        },
    )


def _acknowledge_wildcards(construct: IConstruct, findings: dict[str, str]) -> None:
    _acknowledge(construct, {f"IAM5[{finding}]": reason for finding, reason in findings.items()})


def _acknowledge(construct: IConstruct, findings: dict[str, str]) -> None:
    cdk.Validations.of(construct).acknowledge(
        *(
            cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{finding}", reason=reason)
            for finding, reason in findings.items()
        )
    )


def _find(scope: Construct, path: str) -> IConstruct:
    found: IConstruct = scope
    for name in path.split("/"):
        found = found.node.find_child(name)
    return found


def _resource(construct: IConstruct) -> cdk.CfnElement:
    resource = construct.node.default_child
    assert isinstance(resource, cdk.CfnElement)
    return resource

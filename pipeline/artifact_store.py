"""Where the pipeline keeps its artifacts: a bucket and its key, and who may write what into it.

CDK lets every project write to the whole bucket, and the commands of a build are a commit's own: they could put
something else in the place of what waits for approval. So the bucket's policy holds each project to what it needs. It
must not decide which artifacts there are: the pipeline's definition does.

Sources: CodePipeline user guide, "Input and output artifacts"; CodeBuild user guide, "Allow CodeBuild to interact with
other AWS services" (what a project's role needs of S3); IAM user guide, "AWS JSON policy elements: NotPrincipal" (to
name roles by `aws:PrincipalArn`); CodePipeline API reference, ListPipelineExecutions.
"""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from pipeline.errors import PipelineError

ROLLBACK_HORIZON_DAYS = 366
"""CodePipeline knows an execution for twelve months, and rolls a stage back to it if its artifacts are still there."""

_OVERWRITTEN_DAYS = 90
_PIPELINE_LETTERS, _ARTIFACT_LETTERS = 20, 10
"""How much of either name CodePipeline takes into an artifact's key: `<pipeline>/<artifact>/<random>`."""


class ArtifactStore(Construct):
    """Encrypted, versioned, and kept when the stack is deleted, as is the key without which nobody can read it."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        key = kms.Key(
            self,
            "Key",
            description="Encrypts the artifacts of the release pipeline",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="AsLongAsAStageCanBeRolledBackToThem",
                    expiration=cdk.Duration.days(ROLLBACK_HORIZON_DAYS),
                    # What was overwritten is evidence, and what it was is wanted back.
                    noncurrent_version_expiration=cdk.Duration.days(_OVERWRITTEN_DAYS),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                ),
                s3.LifecycleRule(id="NothingLeftToMark", expired_object_delete_marker=True),
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )

    def keep_projects_to_their_own(self, release: Construct, pipeline: codepipeline.Pipeline) -> None:
        """To be called when the pipeline is built; `release` holds all of its projects.

        A project reads, and writes its own output artifacts. It deletes nothing, and cannot list the bucket: the keys
        of other executions' artifacts end in letters that it does not know.
        Raises PipelineError when the artifacts of two projects cannot be told apart by their keys.
        """
        prefixes = _key_prefixes(pipeline)
        projects = [found for found in release.node.find_all() if isinstance(found, codebuild.Project)]
        own = {_role_arn(project): prefixes.get(_logical_id(project), []) for project in projects}
        everything = [self.bucket.bucket_arn, self.bucket.arn_for_objects("*")]
        self._deny(
            "ProjectsReadAndWriteAndNothingElse",
            list(own),
            not_actions=["s3:GetBucket*", "s3:GetObject*", "s3:PutObject"],
            resources=everything,
        )
        self._deny(
            "ProjectsWithoutArtifactsWriteNone",
            [role_arn for role_arn, its in own.items() if not its],
            actions=["s3:PutObject"],
            resources=[self.bucket.arn_for_objects("*")],
        )
        for number, (role_arn, its) in enumerate((item for item in own.items() if item[1]), start=1):
            self._deny(
                f"ProjectWritesItsOwnArtifacts{number}",
                [role_arn],
                actions=["s3:PutObject"],
                not_resources=[self.bucket.arn_for_objects(prefix) for prefix in its],
            )

    def _deny(self, sid: str, role_arns: list[str], **what: Any) -> None:
        """By a condition, not by principal: a principal is a role's id, which another role of the name has not."""
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                conditions={"ArnEquals": {"aws:PrincipalArn": role_arns}},
                **what,
            )
        )


def _key_prefixes(pipeline: codepipeline.Pipeline) -> dict[str, list[str]]:
    """What the keys of each project's output artifacts look like, by the project's logical id."""
    resource = _resource(pipeline)
    assert isinstance(resource, codepipeline.CfnPipeline)
    assert resource.name is not None
    stages = cdk.Stack.of(pipeline).resolve(resource.stages)
    makers: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for action in (action for stage in stages for action in stage["actions"]):
        for artifact in action.get("outputArtifacts", []):
            # However much of the names AWS keeps: at least these letters.
            prefix = f"{resource.name[:_PIPELINE_LETTERS]}*/{artifact['name'][:_ARTIFACT_LETTERS]}*/*"
            if makers.setdefault(prefix, artifact["name"]) != artifact["name"]:
                raise PipelineError(
                    f"the artifacts {makers[prefix]} and {artifact['name']} begin with the same {_ARTIFACT_LETTERS} "
                    "letters, which is all that their keys have of them: whoever writes the one could overwrite the "
                    "other. Name the step that makes one of them otherwise."
                )
            if action["actionTypeId"]["provider"] == "CodeBuild":
                found.setdefault(action["configuration"]["ProjectName"]["Ref"], []).append(prefix)
    return found


def _role_arn(project: codebuild.Project) -> str:
    assert project.role is not None
    return project.role.role_arn


def _logical_id(project: codebuild.Project) -> str:
    return cdk.Stack.of(project).get_logical_id(_resource(project))


def _resource(construct: Construct) -> cdk.CfnElement:
    resource = construct.node.default_child
    assert isinstance(resource, cdk.CfnElement)
    return resource

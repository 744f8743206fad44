"""Checks a pull request as the Build does, and says so there. Nothing of it is deployed.

A pull request's code runs in the build, with all that the build can reach. So this project is none of the pipeline's:
it has no artifacts, no cache, no secrets, and a buildspec of ours and not of the request's. In AWS it may write its log
and read the repository. To read one of GitHub, CodeBuild wants of the project's role that it may have the connection's
tokens, which may write to the repository, too. So nobody's code is built who could not write to it anyway, unless
somebody who can has read that very commit and commented `/codebuild_run(SHA)`. CodeCommit has no forks: who can open a
pull request has a branch in the repository. To check what strangers send, let GitHub do it (.github/workflows): there
it has no token that writes.

Sources: CodeBuild user guide, "Best practices for using webhooks", "Pull request comment approval", "GitHub App
connections"; CodeCommit user guide, "Monitoring CodeCommit events in Amazon EventBridge".
"""

from __future__ import annotations

import re
from typing import assert_never

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from config import CodeCommitSource, GitHubSource
from pipeline.build import COMMANDS, IMAGE, INSTALL, RUNTIMES
from service.acknowledgements import acknowledge, resource_id

APPROVER_ROLES = ("GITHUB_WRITE", "GITHUB_MAINTAIN", "GITHUB_ADMIN")
"""Whose pull requests are built by themselves, and who lets those of others be: they can write to the repository."""

_TIMEOUT = cdk.Duration.minutes(30)
_AT_ONCE = 2
_COMMENT = (
    'if [ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ]; then RESULT="passed"; else RESULT="FAILED"; fi; '
    'aws codecommit post-comment-for-pull-request --pull-request-id "$PULL_REQUEST_ID" '
    '--repository-name "$REPOSITORY_NAME" --before-commit-id "$DESTINATION_COMMIT" --after-commit-id "$SOURCE_COMMIT" '
    '--content "The build of $SOURCE_COMMIT $RESULT: $CODEBUILD_BUILD_URL"'
)


class PullRequests(Construct):
    """The project, and what starts it: a webhook of GitHub, or events of CodeCommit."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        source: GitHubSource | CodeCommitSource,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self._logs = logs.LogGroup(self, "Logs", removal_policy=cdk.RemovalPolicy.DESTROY)
        log_group = self._logs.node.default_child
        assert isinstance(log_group, logs.CfnLogGroup)
        log_group.retention_in_days = log_retention_days
        match source:
            case GitHubSource():
                self._of_github(source)
            case CodeCommitSource():
                self._of_codecommit(source)
            case _:
                assert_never(source)

    def _of_github(self, source: GitHubSource) -> None:
        prefix = source.connection_arn.split(":")[2]
        may = iam.PolicyStatement(
            actions=[f"{prefix}:{action}" for action in ("GetConnection", "GetConnectionToken", "UseConnection")],
            resources=[source.connection_arn],
        )
        opened = codebuild.FilterGroup.in_event_of(
            codebuild.EventAction.PULL_REQUEST_CREATED,
            codebuild.EventAction.PULL_REQUEST_UPDATED,
            codebuild.EventAction.PULL_REQUEST_REOPENED,
        ).and_base_branch_is(re.escape(source.branch))
        project = self._project(
            codebuild.Source.git_hub(
                owner=source.owner,
                repo=source.repository,
                clone_depth=1,
                report_build_status=True,
                webhook=True,
                webhook_filters=[opened],
            ),
            may,
        )
        resource = project.node.default_child
        assert isinstance(resource, codebuild.CfnProject)
        # CDK has no property for either (aws-cdk#31236).
        resource.add_property_override("Source.Auth", {"Type": "CODECONNECTIONS", "Resource": source.connection_arn})
        resource.add_property_override(
            "Triggers.PullRequestBuildPolicy",
            {"RequiresCommentApproval": "ALL_PULL_REQUESTS", "ApproverRoles": list(APPROVER_ROLES)},
        )

    def _of_codecommit(self, source: CodeCommitSource) -> None:
        repository = codecommit.Repository.from_repository_name(self, "Repository", source.repository)
        project = self._project(
            codebuild.Source.code_commit(repository=repository, clone_depth=1),
            iam.PolicyStatement(
                actions=["codecommit:PostCommentForPullRequest"], resources=[repository.repository_arn]
            ),
            comment=_COMMENT,
        )
        told = {
            "PULL_REQUEST_ID": "pullRequestId",
            "SOURCE_COMMIT": "sourceCommit",
            "DESTINATION_COMMIT": "destinationCommit",
        }
        variables = [
            {"name": name, "value": events.EventField.from_path(f"$.detail.{field}"), "type": "PLAINTEXT"}
            for name, field in told.items()
        ]
        repository_name = {"name": "REPOSITORY_NAME", "value": source.repository, "type": "PLAINTEXT"}
        events.Rule(
            self,
            "OpenedOrChanged",
            event_pattern=events.EventPattern(
                source=["aws.codecommit"],
                detail_type=["CodeCommit Pull Request State Change"],
                resources=[repository.repository_arn],
                detail={
                    "event": ["pullRequestCreated", "pullRequestSourceBranchUpdated"],
                    "pullRequestStatus": ["Open"],
                    "destinationReference": [f"refs/heads/{source.branch}"],
                },
            ),
            targets=[
                targets.CodeBuildProject(
                    project,
                    event=events.RuleTargetInput.from_object(
                        {
                            "sourceVersion": events.EventField.from_path("$.detail.sourceCommit"),
                            "environmentVariablesOverride": [*variables, repository_name],
                        }
                    ),
                )
            ],
        )

    def _project(
        self, source: codebuild.ISource, may: iam.PolicyStatement, *, comment: str | None = None
    ) -> codebuild.Project:
        """A role that has its permission from the start: CodeBuild tries the connection when it makes the project."""
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
            inline_policies={"OfTheRepository": iam.PolicyDocument(statements=[may])},
        )
        phases: dict[str, object] = {
            "install": dict(RUNTIMES),
            # All in one phase: after it, and not after another that fails, post_build runs in any case.
            "build": {"commands": [*INSTALL, *COMMANDS]},
        }
        if comment is not None:
            phases["post_build"] = {"commands": [comment]}
        project = codebuild.Project(
            self,
            "Project",
            description="Checks pull requests as the pipeline's Build does; deploys nothing",
            source=source,
            build_spec=codebuild.BuildSpec.from_object({"version": "0.2", "phases": phases}),
            environment=codebuild.BuildEnvironment(build_image=IMAGE, compute_type=codebuild.ComputeType.MEDIUM),
            role=role,
            timeout=_TIMEOUT,
            concurrent_build_limit=_AT_ONCE,
            grant_report_group_permissions=False,
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=self._logs)),
        )
        acknowledge(project, {"CB4": "It has no artifacts to encrypt."})
        stack = cdk.Stack.of(self)
        group = f"arn:aws:logs:{stack.region}:{stack.account}:log-group:/aws/codebuild/<{resource_id(project)}>"
        acknowledge(role, {f"IAM5[Resource::{group}:*]": "CDK's grant on the log group that CodeBuild would make."})
        return project

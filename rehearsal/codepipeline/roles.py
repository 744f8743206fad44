"""Which role does what in a pipeline: the pipeline's, the action's, and the one that carries its artifacts.

The chain is CodePipeline's: the service assumes the pipeline's role, and with it the action's.
Source: "CodePipeline service role", "Create a pipeline that uses resources from another account".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.surroundings import Clients

if TYPE_CHECKING:
    import boto3

    from rehearsal.codepipeline.definition import Rule


@dataclass(frozen=True)
class RoleChain:
    """Sessions for one pipeline. Denials are botocore's ClientError, in AWS's words."""

    clients: Clients
    pipeline: DeployedPipeline

    def pipeline_session(self, region: str | None = None) -> boto3.Session:
        role_arn = self.pipeline.definition.role_arn
        return self.clients.assume(role_arn, session_name="codepipeline", region=region or self.pipeline.region)

    def session(self, owner: ActionDeclaration | Rule) -> boto3.Session:
        """The session of an action or a rule: its own role, assumed by the pipeline's, or the pipeline's."""
        region = owner.region or self.pipeline.region
        if owner.role_arn is None:
            return self.pipeline_session(region)
        return self.clients.assume(
            owner.role_arn, session_name="codepipeline", by=self.pipeline_session(), region=region
        )

    def account(self, action: ActionDeclaration) -> str:
        """The account that the action works in: its role's."""
        return action.role_arn.split(":")[4] if action.role_arn else self.pipeline.account


class ArtifactRoles(Protocol):
    """Finds the role that reads and writes an action's artifacts; None when it is the one that runs the action."""

    def find(self, action: ActionDeclaration, *, account: str, region: str) -> str | None: ...


@dataclass(frozen=True)
class ProjectRoles:
    """A build carries its artifacts itself, with its project's role: the action's role may only start it."""

    clients: Clients

    def find(self, action: ActionDeclaration, *, account: str, region: str) -> str | None:
        if action.action_type.provider != "CodeBuild":
            return None
        codebuild = self.clients.root(account, region).client("codebuild")
        projects = codebuild.batch_get_projects(names=[action.configuration["ProjectName"]])["projects"]
        return projects[0]["serviceRole"] if projects else None

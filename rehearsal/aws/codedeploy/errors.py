"""The errors of CodeDeploy, each with the code that its API answers.

CodeDeployRejection
├── NotThere             an application, group, configuration or deployment of that name does not exist
└── DeploymentLimit      the group has a deployment in progress
"""

from __future__ import annotations


class CodeDeployRejection(Exception):
    """A call that CodeDeploy refuses. `code` is the name of the API's exception."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotThere(CodeDeployRejection):
    pass


class DeploymentLimit(CodeDeployRejection):
    def __init__(self, group: str, deployment_id: str) -> None:
        super().__init__(
            "DeploymentLimitExceededException",
            f"The Deployment Group '{group}' already has an active Deployment '{deployment_id}'",
        )

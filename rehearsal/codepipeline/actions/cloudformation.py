"""The CloudFormation action: creates, updates, changes or deletes a stack, and waits until that has ended.

It must not judge templates: CloudFormation, called with the action's role, does. What the action waits for it says line
by line, as the stack's events tell it; a failure is the first failed resource's own reason, word for word.
Source: CodePipeline user guide, "AWS CloudFormation deploy action reference"; CloudFormation user guide,
"Configuration properties reference" and "Using parameter override functions with CodePipeline pipelines".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError, ParamValidationError

from rehearsal.aws.stack_changes import StackChange
from rehearsal.codepipeline.actions.action import ActionContext, ActionResult
from rehearsal.codepipeline.actions.stack_operation import StackOperation
from rehearsal.codepipeline.actions.stack_request import artifact_path, files_read, required, stack_request
from rehearsal.errors import ActionFailed, Unsupported

if TYPE_CHECKING:
    import boto3

_NO_UPDATES = "No updates are to be performed"
_NO_CHANGES = ("didn't contain changes", "no changes", _NO_UPDATES.lower())
# "The stack is in a failed state when any of the following status types are displayed."
_FAILED_STATES = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
_FAILED_STATES_OF_UPDATES = frozenset({"UPDATE_ROLLBACK_FAILED"})


class CloudFormationAction:
    """All action modes of the provider CloudFormation."""

    def files_read(self, configuration: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
        return files_read(configuration)

    def run(self, context: ActionContext) -> ActionResult:
        """The variables are the stack's outputs, but for a change set that was only made, and a deleted stack."""
        modes: Mapping[str, Callable[[_Deployment], None]] = {
            "CREATE_UPDATE": _Deployment.create_or_update,
            "REPLACE_ON_FAILURE": _Deployment.replace_on_failure,
            "CHANGE_SET_REPLACE": _Deployment.replace_change_set,
            "CHANGE_SET_EXECUTE": _Deployment.execute_change_set,
            "DELETE_ONLY": _Deployment.delete,
        }
        mode = context.configuration.get("ActionMode", "")
        if mode not in modes:
            raise Unsupported(
                f"Action {context.declaration.name}: ActionMode {mode or 'missing'}; these are: {', '.join(modes)}."
            )
        change = StackChange(context.execution_id, context.stage)
        place = {"account": _account(context), "region": context.region, "stack": required(context, "StackName")}
        try:
            deployment = _Deployment(context)
            with context.cloud.stack_changes.by(change, **place):
                modes[mode](deployment)
        except ParamValidationError as exc:
            raise ActionFailed(f"The action's configuration is wrong: {exc}") from exc
        if mode in ("CHANGE_SET_REPLACE", "DELETE_ONLY"):
            return ActionResult()
        outputs = deployment.outputs()
        _write_outputs(context, outputs)
        return ActionResult(variables=outputs)


class _Deployment:
    """One operation on one stack, with the action's role."""

    def __init__(self, context: ActionContext) -> None:
        self._context = context
        self._stack_name = required(context, "StackName")
        self._client = _client(context.session)
        observer = _client(context.cloud.clients.root(_account(context), context.region))
        self._operation = StackOperation(
            self._stack_name, client=self._client, observer=observer, say=context.output, is_stopped=context.is_stopped
        )

    def create_or_update(self) -> None:
        """A stack in a failed state is not replaced: CloudFormation refuses to update it, and the action fails."""
        if self._operation.status() is None:
            self._create()
        else:
            self._update()

    def replace_on_failure(self) -> None:
        status = self._operation.status()
        if status in _FAILED_STATES | _FAILED_STATES_OF_UPDATES:
            self._context.output(f"{self._stack_name} is in {status}: it is deleted and created anew")
            self.delete()
        self.create_or_update()

    def replace_change_set(self) -> None:
        name = self._change_set_name
        status = self._operation.status()
        is_new = status in (None, "REVIEW_IN_PROGRESS")
        if status is not None:
            self._client.delete_change_set(StackName=self._stack_name, ChangeSetName=name)
        self._operation.begin()
        self._client.create_change_set(
            ChangeSetName=name, ChangeSetType="CREATE" if is_new else "UPDATE", **stack_request(self._context)
        )
        change_set = self._operation.wait_for_change_set(name)
        reason = change_set.get("StatusReason", "")
        if change_set["Status"] == "FAILED" and not _has_no_changes(reason):
            raise ActionFailed(f"The change set {name} of {self._stack_name} could not be made: {reason}")
        for change in change_set.get("Changes", []):
            resource = change.get("ResourceChange", {})
            words = (resource.get("Action"), resource.get("LogicalResourceId"), resource.get("ResourceType"))
            self._context.output(" ".join(map(str, words)))
        if not change_set.get("Changes"):
            self._context.output(f"{self._stack_name}: no changes")

    def execute_change_set(self) -> None:
        name = self._change_set_name
        change_set = self._client.describe_change_set(StackName=self._stack_name, ChangeSetName=name)
        if change_set["Status"] == "FAILED" and _has_no_changes(change_set.get("StatusReason", "")):
            self._context.output(f"{self._stack_name}: no changes")
            return
        self._operation.begin()
        self._client.execute_change_set(StackName=self._stack_name, ChangeSetName=name)
        self._operation.wait_for_stack()

    def delete(self) -> None:
        """A stack that is not there is success."""
        if self._operation.status() is None:
            return
        self._operation.begin()
        role_arn = self._context.configuration.get("RoleArn")
        self._client.delete_stack(StackName=self._stack_name, **({"RoleARN": role_arn} if role_arn else {}))
        self._operation.wait_for_stack()

    def outputs(self) -> dict[str, str]:
        stack = self._client.describe_stacks(StackName=self._stack_name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def _create(self) -> None:
        self._operation.begin()
        self._client.create_stack(**stack_request(self._context))
        self._operation.wait_for_stack()

    def _update(self) -> None:
        self._operation.begin()
        try:
            self._client.update_stack(**stack_request(self._context))
        except ClientError as exc:
            if _NO_UPDATES in str(exc):
                self._context.output(f"{self._stack_name}: no changes")
                return
            raise
        self._operation.wait_for_stack()

    @property
    def _change_set_name(self) -> str:
        return required(self._context, "ChangeSetName")


def _client(session: boto3.Session) -> Any:
    return cast("Any", session.client("cloudformation"))


def _account(context: ActionContext) -> str:
    """The stack's account is that of the role which deploys it."""
    role_arn = context.declaration.role_arn
    return role_arn.split(":")[4] if role_arn else context.account


def _has_no_changes(reason: str) -> bool:
    return any(words in reason.lower() for words in _NO_CHANGES)


def _write_outputs(context: ActionContext, outputs: Mapping[str, str]) -> None:
    """OutputFileName: the stack's outputs as a JSON file in the output artifact."""
    file_name = context.configuration.get("OutputFileName")
    if not file_name:
        return
    for folder in context.outputs.values():
        artifact_path(folder, file_name).write_text(json.dumps(dict(outputs)), encoding="utf-8")

"""The commands that talk to a running `rehearse up` from another terminal: status, approve, reject, stop, logs.

They find it by its record (record.py) and speak the local AWS's own API. It must not start or end anything of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.profiles import read_profile
from rehearsal.errors import BadInput
from rehearsal.machine.user_cache import user_cache
from rehearsal.page.action_logs import ActionLogs, ActionPath
from rehearsal.page.controls import ApprovalResult, Refused
from rehearsal.source.project import open_project
from rehearsal.up.pipeline_client import PipelineClient, Waiting
from rehearsal.up.record import Running, UpFolder
from rehearsal.up.status import draw_status, to_look_at

Say = Callable[[str], None]
_FOLLOW_SECONDS = 0.2


@dataclass(frozen=True)
class Reached:
    """A running `up`, and its pipeline."""

    running: Running
    folder: UpFolder
    client: PipelineClient


def reach(project_dir: Path, *, cache: Path | None = None) -> Reached:
    """Raises BadInput where no `up` runs for the project, or its pipeline is not deployed yet."""
    project = open_project(project_dir)
    folder = UpFolder(cache or user_cache(), project.id)
    running = folder.running()
    if running is None:
        raise BadInput(f"No `rehearse up` runs for {project.directory}. Start one: rehearse up.")
    if not running.pipeline:
        raise BadInput(f"`rehearse up` is still starting its local AWS. Its page: {running.page_url}")
    profile = read_profile(Path(running.profiles), running.account)
    session = AwsClients(profile.endpoint_url, profile.secret).root(running.account, running.region)
    return Reached(running, folder, PipelineClient(session, running.pipeline))


def status(reached: Reached, say: Say, *, width: int | None = None) -> None:
    client, running = reached.client, reached.running
    say(draw_status(client.state(), client.executions(), client.waiting(), page_url=running.page_url, width=width))
    say(f"\nBranch {running.branch} of {running.project}. Page: {running.page_url}")
    say(f"AWS CLI: AWS_CONFIG_FILE={running.profiles} AWS_PROFILE={running.account}")


def answer(reached: Reached, say: Say, *, is_approved: bool, summary: str, execution: str | None) -> None:
    """Answers the approval that is open. Raises Refused where none is, another one is, or several are."""
    waiting = _one(reached.client.waiting(), execution)
    if waiting.url:
        say(to_look_at(waiting, reached.running.page_url))
    reached.client.put_approval_result(
        ApprovalResult(
            execution_id=waiting.execution_id,
            stage=waiting.stage,
            action=waiting.action,
            token=waiting.token,
            is_approved=is_approved,
            summary=summary,
        )
    )
    verb = "Approved" if is_approved else "Rejected"
    say(f"{verb}: {waiting.stage}/{waiting.action} of execution {waiting.execution_id}.")


def stop(reached: Reached, say: Say, *, execution: str | None, reason: str) -> None:
    """Stops the execution that runs. Raises Refused where none does, or several do and none is named."""
    running = [
        found["pipelineExecutionId"]
        for found in reached.client.executions()
        if found["status"] in ("InProgress", "Stopping")
    ]
    if not running:
        raise Refused("No execution runs, so there is nothing to stop.")
    named = [found for found in running if execution is None or found.startswith(execution)]
    if len(named) != 1:
        raise Refused(f"{'Several executions run' if named else 'It does not run'}. Name one: --execution ID. There "
                      f"are: {', '.join(running)}.")  # fmt: skip
    reached.client.stop_pipeline_execution(named[0], reason)
    say(f"Execution {named[0]} is being stopped.")


def logs(reached: Reached, say: Say, *, action: str | None, is_followed: bool) -> None:
    """What the action of this name (`STAGE/ACTION` or `ACTION`) has said last, or what each one that runs says.

    Following ends when the action has ended. Raises Refused where there is no such action.
    """
    paths = _actions(reached, action)
    kept = ActionLogs(reached.folder.logs)
    for path in paths:
        if len(paths) > 1:
            say(f"── {path.stage}/{path.action}")
        _print_log(reached, kept, path, say, is_followed=is_followed)


def _one(waiting: Sequence[Waiting], execution: str | None) -> Waiting:
    if not waiting:
        raise Refused("No approval is open, so there is nothing to answer.")
    named = [item for item in waiting if execution is None or item.execution_id.startswith(execution)]
    there = ", ".join(f"{item.stage}/{item.action} of {item.execution_id}" for item in waiting)
    if not named:
        raise Refused(f"Execution {execution} does not wait for an approval. What waits: {there}.")
    if len(named) > 1:
        raise Refused(f"Several approvals are open: {there}. Name one: --execution ID.")
    return named[0]


def _actions(reached: Reached, wanted: str | None) -> list[ActionPath]:
    """With no name those that run, else the last that ran."""
    found = [
        (detail["status"] == "InProgress", _path(detail))
        for detail in reached.client.actions()
        if wanted in (None, detail["actionName"], f"{detail['stageName']}/{detail['actionName']}")
    ]
    if not found:
        what = f"named {wanted} has run" if wanted else "has run"
        raise Refused(f"No action {what} yet.")
    return [path for is_running, path in found if is_running] or [found[0][1]]


def _print_log(reached: Reached, kept: ActionLogs, path: ActionPath, say: Say, *, is_followed: bool) -> None:
    start = 0
    while True:
        is_over = not is_followed or path not in _running_actions(reached)
        while (piece := kept.read(path, start)).text:
            say(piece.text.removesuffix("\n"))
            start = piece.next
        if is_over:
            return
        time.sleep(_FOLLOW_SECONDS)


def _running_actions(reached: Reached) -> set[ActionPath]:
    return {_path(detail) for detail in reached.client.actions() if detail["status"] == "InProgress"}


def _path(detail: Mapping[str, Any]) -> ActionPath:
    """Of what ListActionExecutions answers."""
    return ActionPath(detail["pipelineExecutionId"], detail["stageName"], detail["actionName"])

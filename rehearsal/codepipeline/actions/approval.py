"""Manual approval: waits until somebody says yes or no, on the terminal, by policy, or through PutApprovalResult.

It must not know who answers. A person's time is wall time: waiting for one does not make the run's clock fast.

Source: "Add a manual approval action", API_PutApprovalResult.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rehearsal.codepipeline.actions.action import ActionContext, ActionResult
from rehearsal.errors import ActionFailed
from rehearsal.run_events import ApprovalAnswered, ApprovalExpired, ApprovalRequested

DEFAULT_TIMEOUT_MINUTES = 7 * 24 * 60
_POLL_SECONDS = 0.2
_LONGEST_SUBJECT = 100


@dataclass(frozen=True, kw_only=True)
class ApprovalRequest:
    """A question that is open. `token` has to come with the answer, as on AWS."""

    pipeline: str
    execution_id: str
    stage: str
    action: str
    comment: str = ""
    url: str = ""
    token: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def path(self) -> tuple[str, str, str]:
        return self.pipeline, self.stage, self.action


@dataclass(frozen=True)
class ApprovalAnswer:
    """`by` says who answered, and how."""

    is_approved: bool
    summary: str = ""
    by: str = ""


class ApprovalAlreadyCompleted(Exception):
    """The question was answered before."""


class InvalidApprovalToken(Exception):
    """No open question has this token."""


Answerer = Callable[[ApprovalRequest], ApprovalAnswer | None]


class Approvals:
    """The open questions of a run; `answerer` is asked about each, and may leave it open by answering None.

    Of several answers the first counts. `when_closed` tells who still waits for one that there is nothing to wait for.
    """

    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer
        self._open: dict[str, ApprovalRequest] = {}  # by their tokens, the earliest first
        self._paths: dict[str, tuple[str, str, str]] = {}  # of every question that there was
        self._answers: dict[str, ApprovalAnswer] = {}
        self._when_closed: list[Callable[[ApprovalRequest], None]] = []
        self._changed = threading.Condition()

    def ask(self, request: ApprovalRequest, *, seconds: float, is_stopped: Callable[[], bool]) -> ApprovalAnswer:
        """Waits for the answer. Raises ActionFailed when `seconds` of wall time passed or the run was stopped."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._open[request.token] = request
            self._paths[request.token] = request.path
        try:
            answer = self.answerer(request)
            with self._changed:
                if answer is not None:
                    self._answers.setdefault(request.token, answer)
                while request.token not in self._answers:
                    if is_stopped():
                        raise ActionFailed("The run was stopped before the approval was answered.", gate="approval")
                    if time.monotonic() > deadline:
                        raise ActionFailed(f"Nobody answered within {seconds / 60:g} minutes.", gate="approval")
                    self._changed.wait(_POLL_SECONDS)
                return self._answers[request.token]
        finally:
            self._close(request)

    def when_closed(self, listener: Callable[[ApprovalRequest], None]) -> None:
        """`listener` hears of every question that is answered, timed out or stopped."""
        with self._changed:
            self._when_closed.append(listener)

    def find(self, pipeline: str, stage: str, action: str, execution_id: str | None = None) -> ApprovalRequest | None:
        """The question of that action that is open, of the execution or of any: of several, the latest."""
        with self._changed:
            path = (pipeline, stage, action)
            found = (request for request in reversed(self._open.values()) if request.path == path)
            return next((request for request in found if execution_id in (None, request.execution_id)), None)

    def is_of(self, token: str, path: tuple[str, str, str]) -> bool:
        """Whether the token is that of a question of this action, open or answered."""
        with self._changed:
            return self._paths.get(token) == path

    def answer(self, token: str, answer: ApprovalAnswer) -> None:
        """Answers an open question. Raises InvalidApprovalToken or ApprovalAlreadyCompleted."""
        with self._changed:
            if token in self._answers:
                raise ApprovalAlreadyCompleted
            if token not in self._open:
                raise InvalidApprovalToken
            self._answers[token] = answer
            self._changed.notify_all()

    def _close(self, request: ApprovalRequest) -> None:
        with self._changed:
            self._open.pop(request.token, None)
            listeners = list(self._when_closed)
        for listener in listeners:
            listener(request)


@dataclass(frozen=True)
class ApprovalAction:
    """Approval, provider Manual. Configuration: CustomData, ExternalEntityLink, NotificationArn.

    The topic is told with the action's role, as soon as the question is open.
    """

    approvals: Approvals

    def run(self, context: ActionContext) -> ActionResult:
        request = ApprovalRequest(
            pipeline=context.pipeline,
            execution_id=context.execution_id,
            stage=context.stage,
            action=context.declaration.name,
            comment=context.configuration.get("CustomData", ""),
            url=context.configuration.get("ExternalEntityLink", ""),
        )
        context.cloud.event_log.emit(
            ApprovalRequested(
                execution_id=request.execution_id,
                stage=request.stage,
                action=request.action,
                comment=request.comment,
                url=request.url,
                token=request.token,
            )
        )
        minutes = context.declaration.timeout_minutes or DEFAULT_TIMEOUT_MINUTES
        if topic_arn := context.configuration.get("NotificationArn"):
            _notify(context, topic_arn, request, minutes)
        answer = self._answer(context, request, minutes)
        context.cloud.event_log.emit(
            ApprovalAnswered(
                execution_id=request.execution_id,
                stage=request.stage,
                action=request.action,
                is_approved=answer.is_approved,
                by=answer.by,
                summary=answer.summary,
            )
        )
        if not answer.is_approved:
            who = f"Rejected by {answer.by}" if answer.by else "Rejected"
            raise ActionFailed(f"{who}: {answer.summary}" if answer.summary else f"{who}.", gate="approval")
        return ActionResult()

    def _answer(self, context: ActionContext, request: ApprovalRequest, minutes: int) -> ApprovalAnswer:
        """Whoever still shows the question is told when it ends unanswered."""
        try:
            return self.approvals.ask(request, seconds=minutes * 60.0, is_stopped=context.is_stopped)
        except ActionFailed:
            context.cloud.event_log.emit(
                ApprovalExpired(execution_id=request.execution_id, stage=request.stage, action=request.action)
            )
            raise


def _notify(context: ActionContext, topic_arn: str, request: ApprovalRequest, minutes: int) -> None:
    """As "JSON data format for manual approval notifications in CodePipeline" has it. Denials are ClientErrors."""
    console = f"https://console.aws.amazon.com/codepipeline/home?region={context.region}#/view/{request.pipeline}"
    expires = datetime.fromtimestamp(time.time() + minutes * 60, UTC)
    approval = {
        "pipelineName": request.pipeline,
        "stageName": request.stage,
        "actionName": request.action,
        "token": request.token,
        "expires": expires.strftime("%Y-%m-%dT%H:%MZ"),
        "externalEntityLink": request.url or None,
        "approvalReviewLink": f"{console}/{request.stage}/{request.action}/approve/{request.token}",
        "customData": request.comment or None,
    }
    context.session.client("sns").publish(
        TopicArn=topic_arn,
        Subject=f"APPROVAL NEEDED: AWS CodePipeline {request.pipeline} for action {request.action}"[:_LONGEST_SUBJECT],
        Message=json.dumps({"region": context.region, "consoleLink": console, "approval": approval}),
    )

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest

from rehearsal.codepipeline.actions.approval import (
    ApprovalAlreadyCompleted,
    ApprovalAnswer,
    ApprovalRequest,
    Approvals,
    InvalidApprovalToken,
)
from rehearsal.errors import ActionFailed

REQUEST = ApprovalRequest(pipeline="release", execution_id="e", stage="Approve", action="Ask")


def never() -> bool:
    return False


def test_answerer_decides_when_it_has_an_answer() -> None:
    approvals = Approvals(lambda _: ApprovalAnswer(False, "not today"))

    answer = approvals.ask(REQUEST, seconds=60, is_stopped=never)

    assert answer == ApprovalAnswer(False, "not today")
    assert approvals.find("release", "Approve", "Ask") is None


def test_question_stays_open_until_it_is_answered_with_its_token() -> None:
    approvals = Approvals(lambda _: None)
    timer = threading.Timer(0.1, lambda: approvals.answer(REQUEST.token, ApprovalAnswer(True)))
    timer.start()

    answer = approvals.ask(REQUEST, seconds=60, is_stopped=never)

    assert answer.is_approved


def test_question_fails_when_nobody_answers_in_time() -> None:
    started = time.monotonic()

    with pytest.raises(ActionFailed, match="Nobody answered") as caught:
        Approvals(lambda _: None).ask(REQUEST, seconds=0.3, is_stopped=never)

    assert caught.value.gate == "approval"
    assert time.monotonic() - started < 5


def test_question_ends_when_the_run_stops() -> None:
    with pytest.raises(ActionFailed, match="stopped"):
        Approvals(lambda _: None).ask(REQUEST, seconds=60, is_stopped=lambda: True)


def test_answer_is_refused_when_its_token_is_unknown_or_was_used() -> None:
    approvals = Approvals(lambda _: ApprovalAnswer(True))
    approvals.ask(REQUEST, seconds=1, is_stopped=never)

    with pytest.raises(ApprovalAlreadyCompleted):
        approvals.answer(REQUEST.token, ApprovalAnswer(False))
    with pytest.raises(InvalidApprovalToken):
        approvals.answer("another", ApprovalAnswer(True))


def test_first_answer_counts_when_the_answerer_and_another_answer() -> None:
    def answer(request: ApprovalRequest) -> ApprovalAnswer:
        approvals.answer(request.token, ApprovalAnswer(True, by="the API"))
        return ApprovalAnswer(False, by="too late")

    approvals = Approvals(answer)

    assert approvals.ask(REQUEST, seconds=1, is_stopped=never).by == "the API"


@pytest.mark.parametrize("is_stopped", [True, False])
def test_listeners_hear_of_a_question_that_is_closed_however_it_was(is_stopped: bool) -> None:
    approvals = Approvals(lambda _: None if is_stopped else ApprovalAnswer(True))
    closed: list[ApprovalRequest] = []
    approvals.when_closed(closed.append)

    with suppress(ActionFailed):
        approvals.ask(REQUEST, seconds=1, is_stopped=lambda: is_stopped)

    assert closed == [REQUEST]
    assert approvals.find("release", "Approve", "Ask") is None


def test_executions_in_parallel_each_have_a_question_of_the_same_action() -> None:
    approvals = Approvals(lambda _: None)
    requests = [
        ApprovalRequest(pipeline="release", execution_id=e, stage="Approve", action="Ask") for e in ("e1", "e2")
    ]
    answers: dict[str, ApprovalAnswer] = {}

    def ask(request: ApprovalRequest) -> None:
        answers[request.execution_id] = approvals.ask(request, seconds=60, is_stopped=never)

    threads = []
    for request in requests:
        threads.append(threading.Thread(target=ask, args=(request,)))
        threads[-1].start()
        while approvals.find(*request.path) is not request:
            time.sleep(0.01)

    approvals.answer(requests[0].token, ApprovalAnswer(True, "first"))
    threads[0].join(5)
    still_open = approvals.find(*requests[0].path)
    approvals.answer(requests[1].token, ApprovalAnswer(False, "second"))
    threads[1].join(5)

    assert still_open is requests[1]
    assert {name: answer.summary for name, answer in answers.items()} == {"e1": "first", "e2": "second"}
    assert approvals.is_of(requests[0].token, requests[0].path)
    assert not approvals.is_of("another", requests[0].path)

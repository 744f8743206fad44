"""Asks a person on the terminal for an approval.

It must not decide anything without an answer.
"""

from __future__ import annotations

from rehearsal.codepipeline.actions.approval import ApprovalAnswer, ApprovalRequest


def ask_on_terminal(request: ApprovalRequest) -> ApprovalAnswer:
    """Waits for `y` or `n`; the end of the input counts as no."""
    question = f"      Approve {request.stage}/{request.action}? [y/n] "
    while True:
        try:
            answer = input(question).strip().lower()
        except EOFError:
            return ApprovalAnswer(False, "The terminal was closed without an answer.")
        if answer in ("y", "yes"):
            return ApprovalAnswer(True, "Approved on the terminal.")
        if answer in ("n", "no"):
            return ApprovalAnswer(False, "Rejected on the terminal.")

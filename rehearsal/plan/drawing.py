"""Draws a plan for the terminal: a list of what would run, and the pipeline as boxes and arrows.

It must not decide anything: every line comes from the plan.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.definition import ConditionKind, ConditionResult, StageDeclaration
from rehearsal.plan.plan import Plan

_INDENT = "  "
_ARROW_COLUMN = 6
_WIDTH = 68
_LIST_WIDTH = 100


def list_plan(plan: Plan) -> str:
    """The plan as a numbered list; environments before it, and after it what is not rehearsed and what cannot run."""
    definition = plan.definition
    lines = [
        f"Pipeline {plan.name} (stack {plan.stack.name}) in {plan.account}/{plan.region}",
        f"{_INDENT}type {definition.pipeline_type}, {definition.execution_mode}, "
        + ("restarts when it changes itself" if definition.is_restarted_on_update else "does not restart when changed"),
        "",
        "Environments that are bootstrapped",
        *(f"{_INDENT}{item.account}/{item.region}" for item in plan.bootstraps),
        "",
        "Stages",
    ]
    for number, stage in enumerate(definition.stages, start=1):
        lines.append(f"{number:3}. {stage.name}")
        if (reason := definition.disabled_transitions.get(stage.name)) is not None:
            lines.append(f"     closed: its inbound transition is disabled ({reason}); a release ends before it")
        for action in sorted(stage.actions, key=lambda action: action.run_order):
            lines.append(f"     {action.run_order}  {action.name:<24} {describe_action(action)}")
        lines += [f"     {text}" for text in describe_gates(stage)]
    if plan.stored_only:
        lines += ["", "Deployed, but not rehearsed", *_stored_only(plan)]
    if plan.notices:
        lines += ["", "Other than on AWS:", *(f"{_INDENT}- {notice}" for notice in plan.notices)]
    if plan.unsupported:
        lines += ["", "This machine cannot run it:", *(f"{_INDENT}- {reason}" for reason in plan.unsupported)]
    return "\n".join(lines)


def _stored_only(plan: Plan) -> Iterator[str]:
    """What can decide a release with its reason; of the rest, which docs/fidelity.md explains, the names alone."""
    texts = [f"- {text}" for text in plan.not_rehearsed]
    if quiet := "; ".join(item.what for item in plan.stored_only if item.is_quiet):
        texts.append(f"- and what decides no release: {quiet}")
    for text in texts:
        yield from textwrap.wrap(text, _LIST_WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT * 2)


def draw_plan(plan: Plan) -> str:
    """The pipeline as boxes, one a stage, with arrows between them; actions of one run order stand side by side."""
    stages = plan.definition.stages
    rows = {stage.name: list(_rows(stage)) for stage in stages}
    widths = [len(row) for lines in rows.values() for row in lines] + [len(stage.name) + 2 for stage in stages]
    width = max(widths, default=0)
    lines: list[str] = []
    for number, stage in enumerate(stages):
        if number:
            lines += [" " * _ARROW_COLUMN + "│", " " * _ARROW_COLUMN + "▼"]
        lines += _box(stage.name, rows[stage.name], width)
    return "\n".join(lines)


def describe_action(action: ActionDeclaration) -> str:
    """Provider and what it works on, in one line."""
    configuration = action.configuration
    match action.action_type.provider:
        case "CloudFormation":
            place = f" in {account}" if (account := _account(action)) else ""
            return f"CloudFormation {configuration.get('ActionMode', '')} {configuration.get('StackName', '')}{place}"
        case "CodeBuild":
            return f"CodeBuild {configuration.get('ProjectName', '').strip('<>')}"
        case "CodeStarSourceConnection":
            return f"GitHub {configuration.get('FullRepositoryId', '')}@{configuration.get('BranchName', '')}"
        case "CodeCommit":
            return f"CodeCommit {configuration.get('RepositoryName', '')}@{configuration.get('BranchName', '')}"
        case "GitHub":
            repository = f"{configuration.get('Owner', '')}/{configuration.get('Repo', '')}"
            return f"GitHub {repository}@{configuration.get('Branch', '')}"
        case "S3":
            return f"S3 {configuration.get('S3Bucket', '')}/{configuration.get('S3ObjectKey', '')}"
        case "Manual":
            return "Manual approval"
        case provider:
            return provider


def describe_gates(stage: StageDeclaration) -> Iterator[str]:
    """The conditions of a stage in words: one line for each condition, followed by one for each of its rules."""
    for kind, condition in stage.conditions():
        yield f"{_when(kind)} all of these, else {condition.result}"
        for rule in condition.rules:
            wait = rule.configuration.get("WaitTime")
            what = rule.configuration.get("AlarmName", rule.name)
            yield f"  {rule.provider} {what}" + (f" for {wait} minutes" if wait else "")
    if stage.on_failure and stage.on_failure.result:
        what = "roll back to the last success" if stage.on_failure.result is ConditionResult.ROLLBACK else "retry"
        yield f"on failure: {what}"


def _when(kind: ConditionKind) -> str:
    return {
        ConditionKind.BEFORE_ENTRY: "before entry:",
        ConditionKind.ON_SUCCESS: "after success:",
        ConditionKind.ON_FAILURE: "on failure, if not:",
    }[kind]


def _account(action: ActionDeclaration) -> str | None:
    return action.role_arn.split(":")[4] if action.role_arn and action.role_arn.count(":") >= 5 else None


def _rows(stage: StageDeclaration) -> Iterator[str]:
    for group in stage.by_run_order():
        yield from textwrap.wrap(
            "  ∥  ".join(f"{_symbol(action)} {action.name}" for action in group), _WIDTH, subsequent_indent="  "
        )
    for text in describe_gates(stage):
        yield f"  {text}" if text.startswith(" ") else f"◇ {text}"


def _symbol(action: ActionDeclaration) -> str:
    return {"Source": "●", "Deploy": "▲", "Approval": "☑"}.get(action.action_type.category, "■")


def _box(title: str, rows: list[str], width: int) -> list[str]:
    top = f"┌─ {title} " + "─" * (width - len(title) - 1) + "┐"
    return [top, *(f"│ {row:<{width}} │" for row in rows), "└" + "─" * (width + 2) + "┘"]

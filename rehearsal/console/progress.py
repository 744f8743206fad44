"""What each event is worth saying, as one line of plain text with a style: the terminal and a log file show the same.

It must not write anything; printer.py does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rehearsal.console.alarms import AlarmChanges
from rehearsal.console.executions import RunningExecutions
from rehearsal.console.line import Line, Style
from rehearsal.run_events import (
    ActionEnded,
    ActionOutput,
    ActionStarted,
    AlarmChanged,
    ApprovalAnswered,
    ApprovalRequested,
    CommitFound,
    CommitRefused,
    DeploymentEnded,
    DeploymentStarted,
    ExecutionEnded,
    ExecutionStarted,
    LifecycleEventEnded,
    Notice,
    PipelineMutated,
    RuleEvaluated,
    RunEvent,
    StageEnded,
    StageRolledBack,
    StageStarted,
    Status,
    TrafficShifted,
)

LAST_LINES = 30
_BAR_WIDTH = 20


@dataclass
class Progress:
    """Turns events into lines; keeps the last lines of each action's output, to show them when it fails.

    `is_quiet` leaves out all but stages and failures: for a release that is only made to have a world before another.
    `is_verbose` says every line of output as it comes. `approval_hint` says how to answer a question that nobody asks
    here.
    """

    is_quiet: bool = False
    is_verbose: bool = False
    approval_hint: str = ""
    _outputs: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    _alarms: AlarmChanges = field(default_factory=AlarmChanges)
    _executions: RunningExecutions = field(default_factory=RunningExecutions)

    def lines(self, event: RunEvent) -> list[Line]:
        return self._executions.label(event, self._lines(event))

    def _lines(self, event: RunEvent) -> list[Line]:
        match event:
            case ActionOutput():
                return self._output(event)
            case ActionEnded():
                return self._action_ended(event)
            case StageEnded():
                return [*self.rest(), _stage_ended(event)]
            case ExecutionEnded():
                return [*self.rest(), *_execution_ended(event)]
            case AlarmChanged():
                said = self._alarms.take(event)
                return [] if self.is_quiet else said
            case StageStarted():
                return [] if self.is_quiet else [Line(""), Line(f"▶ {event.stage}", Style.TITLE)]
            case Notice():
                return _notice(event)
            case CommitRefused():
                return _refused(event)
            case ApprovalRequested() if self.approval_hint:
                return [*_detail(event), Line(f"    {self.approval_hint}", Style.FAINT)]
            case _:
                return [] if self.is_quiet else _detail(event)

    def rest(self) -> list[Line]:
        """What was collected and not said yet."""
        said = self._alarms.lines()
        return [] if self.is_quiet else said

    def _output(self, event: ActionOutput) -> list[Line]:
        if self.is_verbose and not self.is_quiet:
            return [Line(f"    {event.action} │ {event.line.rstrip()}", Style.FAINT)]
        kept = self._outputs.setdefault((event.execution_id, event.stage, event.action), [])
        kept.append(event.line.rstrip("\n"))
        del kept[:-LAST_LINES]
        return []

    def _action_ended(self, event: ActionEnded) -> list[Line]:
        output = self._outputs.pop((event.execution_id, event.stage, event.action), [])
        if event.status is Status.SUCCEEDED:
            return [] if self.is_quiet else [Line(f"  ✔ {event.action} {_took(event.seconds)}", Style.GOOD)]
        lines = [Line(f"  ✘ {event.action} {event.status} {_took(event.seconds)}", Style.BAD)]
        lines += [Line(f"      │ {text}", Style.FAINT) for text in output]
        lines += [Line(f"      {text}", Style.BAD) for text in event.reason.splitlines()]
        return lines


def _detail(event: RunEvent) -> list[Line]:
    match event:
        case ExecutionStarted():
            what = "rolls back" if "Rollback" in event.trigger else "releases"
            return [Line(f"Pipeline {event.pipeline} {what} commit {event.commit[:12]}", Style.TITLE)]
        case CommitFound():
            return [Line(f"Commit {event.commit[:12]}: {event.title}", Style.FAINT)]
        case PipelineMutated():
            changes = [f"+ {path}" for path in event.added] + [f"- {path}" for path in event.removed]
            words = f": {', '.join(changes)}" if changes else ""
            return [Line(f"  ↻ The pipeline updated itself to version {event.version}{words}", Style.WARNING)]
        case ActionStarted():
            return [Line(f"  • {event.action} ({event.provider}) …", Style.FAINT)]
        case ApprovalRequested():
            return [Line(f"  ? {event.comment or 'Approve?'} {event.url}".rstrip(), Style.WARNING)]
        case ApprovalAnswered():
            return [_approval_answered(event)]
        case StageRolledBack():
            return [_rolled_back(event)]
        case RuleEvaluated():
            is_good = event.status is Status.SUCCEEDED
            words = f"  {'✔' if is_good else '✘'} {event.condition} {event.rule} {event.reason}".rstrip()
            return [Line(words, Style.GOOD if is_good else Style.BAD)]
        case _:
            return _deployment(event)


def _deployment(event: RunEvent) -> list[Line]:
    match event:
        case DeploymentStarted() if event.from_version:
            versions = f"version {event.from_version} → {event.to_version}"
            return [Line(f"    ⇄ {event.function}: {versions} by {event.config}")]
        case LifecycleEventEnded():
            is_good = event.status is Status.SUCCEEDED
            words = f"      {'✔' if is_good else '✘'} {event.lifecycle_event} {event.reason}".rstrip()
            return [Line(words, Style.FAINT if is_good else Style.BAD)]
        case TrafficShifted():
            weight, minutes = event.weight_percent, event.aws_seconds / 60
            return [Line(f"      {_bar(weight)} {weight:3.0f} % on the new version, after {minutes:.0f} min")]
        case DeploymentEnded() if event.status is not Status.SUCCEEDED:
            gate = f" ({event.gate})" if event.gate else ""
            return [
                Line(f"    ✘ {event.function} stays on version {event.from_version}{gate}: {event.reason}", Style.BAD)
            ]
        case _:
            return []


def _bar(percent: float) -> str:
    filled = round(percent / 100 * _BAR_WIDTH)
    return "█" * filled + "░" * (_BAR_WIDTH - filled)


def _stage_ended(event: StageEnded) -> Line:
    is_good = event.status in (Status.SUCCEEDED, Status.SKIPPED)
    style = Style.GOOD if is_good else Style.BAD
    return Line(f"{'✔' if is_good else '✘'} {event.stage} {event.status} {_took(event.seconds)}", style)


def _execution_ended(event: ExecutionEnded) -> list[Line]:
    """An execution that ends with a stage's end needs no more words."""
    match event.status:
        case Status.CANCELLED:
            return [Line(f"  ↻ {event.reason}", Style.WARNING)]
        case Status.SUPERSEDED | Status.STOPPED:
            return [Line(f"✘ {event.status}: {event.reason}", Style.WARNING)]
        case _:
            return []


def _approval_answered(event: ApprovalAnswered) -> Line:
    is_good = event.is_approved
    by = f" by {event.by}" if event.by else ""
    summary = f": {event.summary}" if event.summary else ""
    words = f"  {'✔' if is_good else '✘'} {'Approved' if is_good else 'Rejected'}{by}{summary}"
    return Line(words, Style.GOOD if is_good else Style.BAD)


def _rolled_back(event: StageRolledBack) -> Line:
    if event.to_execution_id is None:
        return Line(f"  ↶ {event.stage} is not rolled back: {event.reason}", Style.WARNING)
    words = f"  ↶ {event.stage} rolled back to execution {event.to_execution_id[:8]}: {event.status} {event.reason}"
    return Line(words.rstrip(), Style.WARNING)


def _notice(event: Notice) -> list[Line]:
    return [Line(event.text, Style.FAINT), *(Line(f"  {line}", Style.FAINT) for line in event.detail.splitlines())]


def _refused(event: CommitRefused) -> list[Line]:
    words = f"✘ Commit {event.commit[:12]} is refused, and what is deployed stays: {event.title}"
    return [Line(words, Style.BAD), *(Line(f"    {line}", Style.BAD) for line in event.reason.splitlines())]


def _took(seconds: float) -> str:
    return f"({seconds:.0f} s)" if seconds >= 1 else f"({seconds:.1f} s)"

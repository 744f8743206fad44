"""Which gate stopped a release, its numbers, and who was harmed: in words, of what is known.

In: an execution and what it did in the stages. Out: lines of a message. It is pure, and must not claim what was not
read: what is not known is said to be so, and numbers that may still grow are said to be of so far. The words of gates
are those of docs/runbook/release.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pipeline.executions.execution import ActionRun, Execution
from pipeline.executions.release_text import duration_text
from pipeline.monitor.runtime.impact import Measured, StageImpact
from pipeline.shifts.reader import SLACK
from pipeline.shifts.shift import AFTER, BEFORE, DeploymentStatus
from pipeline.shifts.traffic import METRIC_LAG, Calls

APPROVAL, DEPLOY, E2E, BUILD = "approval", "deploy", "e2e", "build"
GATES_OF_ACTIONS = {"Bake": "bake", "AsApproved": "pipeline-guard"}
"""The steps that are gates of their own; what else runs in a stage that is deployed tests it."""

_GATES_OF_EVENTS = {BEFORE: "pre-traffic-hook", AFTER: "evidence-hook"}


def gate_of(execution: Execution, action: ActionRun, impacts: Sequence[StageImpact]) -> str:
    """Of the action that failed the execution. What runs before anything is deployed is the build."""
    if action.category == "Approval":
        return APPROVAL
    if action.stack is not None:
        return _gate_of_shifts(action, impacts)
    if action.name in GATES_OF_ACTIONS:
        return GATES_OF_ACTIONS[action.name]
    is_after = any(other.category == "Deploy" and other.started_at < action.started_at for other in execution.actions)
    return E2E if is_after else BUILD


def _gate_of_shifts(action: ActionRun, impacts: Sequence[StageImpact]) -> str:
    """By the shifts of this run of the action alone: those of a stage that was retried had failed in their own ways."""
    shifts = [measured.shift for impact in impacts for measured in impact.shifts]
    own = [each for each in shifts if each.stack == action.stack and each.created_at >= action.started_at - SLACK]
    for shift in (each for each in own if each.has_failed):
        if shift.error_code == "ALARM_ACTIVE":
            return "canary-alarm"
        return _GATES_OF_EVENTS.get(shift.failed_event, DEPLOY)
    return DEPLOY


def numbers(impact: StageImpact) -> list[str]:
    """A line or two for each traffic shift; none where there was none."""
    if not impact.shifts:
        return []
    return [f"Traffic shifts in {impact.stage}:", *(line for each in impact.shifts for line in _of_shift(each))]


def _of_shift(measured: Measured) -> list[str]:
    shift, traffic = measured.shift, measured.traffic
    took = f" after {duration_text(shift.ended_at - shift.created_at)}" if shift.ended_at is not None else ""
    head = f"- {shift.function}, from version {shift.from_version} to {shift.to_version}: {shift.status}{took}."
    if traffic is None:
        return [f"{head} It got no traffic."]
    rang = f" Went off: {', '.join(traffic.went_off)}." if traffic.went_off else ""
    counts = [
        f"Version {shift.to_version}: {_calls(traffic.new)}",
        f"Version {shift.from_version} meanwhile: {_calls(traffic.old)}",
    ]
    if shift.status is DeploymentStatus.SUCCEEDED:
        counts.append(f"Version {shift.to_version} with all traffic: {_calls(traffic.after)}")
    return [f"{head}{rang}", f"  {'. '.join(counts)}{_so_far(measured)}."]


def harmed(execution: Execution, impacts: Sequence[StageImpact], *, prod: str) -> list[str]:
    """Who was harmed in prod by a release that was stopped; where it did not get there, that and where it got."""
    if not _deployed(execution, prod):
        where = execution.actions[-1].stage if execution.actions else "its first stage"
        tried = [impact for impact in impacts if impact.stage != prod and (impact.shifts or impact.problem)]
        if not any(_deployed(execution, stage) for stage in {action.stage for action in execution.actions}):
            return ["nobody: nothing was deployed."]
        stopped = f"before {prod} was deployed" if where == prod else f"in {where}"
        return [f"nobody in {prod}: it was stopped {stopped}.", *(line for each in tried for line in _tried_in(each))]
    impact = next((each for each in impacts if each.stage == prod), StageImpact(stage=prod, problem="it was not asked"))
    if impact.problem:
        return [f"not known: CodeDeploy and CloudWatch of {prod} could not be read ({impact.problem})."]
    with_traffic = [measured for measured in impact.shifts if measured.traffic is not None]
    if with_traffic:
        return [_of_callers(prod, measured) for measured in with_traffic]
    if impact.shifts:
        return [f"nobody in {prod} by a new version: none got any traffic."]
    return [f"not known: no traffic was shifted in {prod}, but other things of it were deployed."]


def put_back(impact: StageImpact) -> list[str]:
    """What a rollback of the stage has put back, and since when."""
    if impact.problem:
        return [f"What CodeDeploy has put back is not known ({impact.problem})."]
    if not impact.shifts:
        return ["No alias had to go back: CodeDeploy had put back, or never moved, what had failed."]
    return [_back(measured) for measured in impact.shifts]


def _back(measured: Measured) -> str:
    shift = measured.shift
    of = f"{shift.function} from version {shift.from_version} to {shift.to_version}"
    if shift.status is not DeploymentStatus.SUCCEEDED or shift.ended_at is None:
        return f"NOT put back: {of}, {shift.status}. {shift.reason}".rstrip()
    if measured.put_back_at is not None:
        return f"NOT put back: {of}, for that was undone at {_moment(measured.put_back_at)}."
    return f"Put back: {of}, which has all traffic since {_moment(shift.ended_at)}."


def until_then(impact: StageImpact) -> list[str]:
    """What the versions did that a rollback took away, from their first traffic until they lost it."""
    if impact.problem:
        return [f"What it did until then is not known ({impact.problem})."]
    return [_count(impact.stage, measured) for measured in impact.shifts if measured.traffic is not None]


def _tried_in(impact: StageImpact) -> Iterable[str]:
    if impact.problem:
        yield f"What it did in {impact.stage} is not known ({impact.problem})."
    for measured in impact.shifts:
        if measured.traffic is not None:
            yield f"There, of the prober's and the tests' calls: {_failed(measured)}; {_since(measured)}."


def _of_callers(stage: str, measured: Measured) -> str:
    return f"{_count(stage, measured)}; {_since(measured)}."


def _count(stage: str, measured: Measured) -> str:
    return f"{stage}'s callers, the prober among them: {_failed(measured)}"


def _failed(measured: Measured) -> str:
    shift, traffic = measured.shift, measured.traffic
    assert traffic is not None
    assert shift.traffic_from is not None
    both = traffic.new + traffic.after
    span = duration_text(traffic.until - shift.traffic_from)
    whose = f"{shift.function}'s version {shift.to_version}"
    count = f"{both.failed or 'none'} of {both.calls} calls of {whose} failed"
    if not both.calls:  # the prober calls: it is no proof that nobody was harmed
        count = f"CloudWatch shows no call of {whose}"
    rang = f", and its alarms went off ({', '.join(traffic.went_off)})" if traffic.went_off else ""
    return f"{count} in {span}{rang}{_so_far(measured)}"


def _since(measured: Measured) -> str:
    shift = measured.shift
    if measured.put_back_at is not None:
        return f"since {_moment(measured.put_back_at)} version {shift.from_version} has all traffic again"
    if shift.status is DeploymentStatus.SUCCEEDED:
        return f"version {shift.to_version} has all traffic until it is taken back"
    if not shift.is_over:
        return "the shift goes on"
    return f"version {shift.to_version} is NOT known to be put back"


def _so_far(measured: Measured) -> str:
    traffic = measured.traffic
    if traffic is None or traffic.is_final:
        return ""
    return f" (so far: CloudWatch may be {duration_text(METRIC_LAG)} behind)"


def _calls(counted: Calls) -> str:
    return f"{counted.calls} calls, {counted.failed} failed"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _deployed(execution: Execution, stage: str) -> bool:
    return any(action.category == "Deploy" for action in execution.actions_of(stage))

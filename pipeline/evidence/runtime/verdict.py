"""The lines that answer "may this go to prod?", the heaviest first, and the one that the approval shows.

Each is about a fact of the evidence, and what is not known is a line, too. It must not decide: a person does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.evidence.runtime.changes import LOSES
from pipeline.evidence.runtime.model import (
    GONE,
    Access,
    Baseline,
    Canary,
    Changes,
    Cost,
    Deployment,
    Impact,
    InProd,
    JunitReport,
    Line,
    ResourceChange,
    Rollback,
    Route,
    Weight,
)
from pipeline.evidence.runtime.package_model import Packages, Vulnerabilities, Vulnerability

_NAMED = 5
LONGEST_SUMMARY = 400
"""What the approval has room for: CodePipeline takes 1,000 letters ("Manual approval action reference")."""

_DOES = {
    Impact.REPLACE: "is replaced: the new one is empty",
    Impact.MAY_REPLACE: "may be replaced: the new one would be empty",
    Impact.DELETE: "is deleted, with what it holds",
    Impact.ORPHAN: "leaves its stack: it stays in the account, and nothing of prod uses it any more",
}


def verdict(
    *,
    changes: Changes,
    tests: Iterable[JunitReport],
    canary: Canary,
    packages: Packages,
    vulnerabilities: Vulnerabilities,
    rollback: Rollback,
    cost: Cost,
    in_prod: InProd,
    was_released: bool,
) -> tuple[Line, ...]:
    lines = [
        *_of_changes(changes),
        *(line for each in tests for line in _of_tests(each)),
        *_of_canary(canary),
        *_of_history(in_prod, rollback, was_released=was_released),
        *_of_packages(packages),
        *_of_vulnerabilities(vulnerabilities),
        *_of_cost(cost),
    ]
    return tuple(sorted(lines, key=lambda line: list(Weight).index(line.weight)))


def answer(lines: Iterable[Line]) -> tuple[Weight, str]:
    """The heaviest weight and a sentence for it."""
    weights = [line.weight for line in lines]
    dangers, looks = weights.count(Weight.DANGER), weights.count(Weight.LOOK)
    if dangers:
        return Weight.DANGER, f"Stop and read: {_count(dangers, 'thing')} can lose data or went wrong."
    if looks:
        return Weight.LOOK, f"Look at {_count(looks, 'thing')} first."
    return Weight.GOOD, "Nothing that was looked at stands against it."


def summary(lines: Iterable[Line]) -> str:
    """One line of ASCII for the approval: what weighs most, as far as there is room."""
    lines = list(lines)
    parts = [answer(lines)[1], *(line.text for line in lines if line.weight in (Weight.DANGER, Weight.LOOK))]
    text = " ".join(parts).encode("ascii", "replace").decode().replace("\n", " ")
    return text if len(text) <= LONGEST_SUMMARY else text[: LONGEST_SUMMARY - 3].rstrip() + "..."


def _of_changes(changes: Changes) -> Iterator[Line]:
    if changes.baseline is not Baseline.DEPLOYED:
        weight = Weight.UNKNOWN if changes.baseline is Baseline.UNKNOWN else Weight.LOOK
        yield Line(weight, changes.reason, "changes")
        return
    losing = [change for change in changes.resources if is_losing(change)]
    for change in losing[:_NAMED]:
        yield Line(Weight.DANGER, f"{name_of(change)} ({change.type}) {_DOES[change.impact]}.", "data")
    if len(losing) > _NAMED:
        yield Line(Weight.DANGER, f"So do {len(losing) - _NAMED} more that hold data.", "data")
    if not losing:
        yield Line(Weight.GOOD, "Nothing that holds data is replaced or deleted.", "data")
    if changes.widens:
        first = changes.widens[0]
        more = f", and {len(changes.widens) - 1} more" if len(changes.widens) > 1 else ""
        yield Line(
            Weight.LOOK,
            f"{_count(len(changes.widens), 'permission or open port widens', 'permissions or open ports widen')}: "
            f"{_gets(first)}{more}.",
            "access",
        )
    else:
        yield Line(Weight.GOOD, "No permission and no network rule widens.", "access")
    yield from _of_routes(changes)
    for trouble in changes.troubles:
        yield Line(Weight.LOOK, f"{trouble}: a deployment may fail there.", "changes")
    for stack in changes.gone_stacks:
        text = f"{stack} is no longer in the app: CloudFormation keeps it, until somebody deletes it."
        yield Line(Weight.LOOK, text, "changes")


def _of_routes(changes: Changes) -> Iterator[Line]:
    at_once = [change for change in changes.resources if change.route is Route.AT_ONCE]
    shifted = [change for change in changes.resources if change.route is Route.CANARY]
    if at_once:
        gone = sum(change.impact not in (Impact.CREATE, Impact.UPDATE) for change in at_once)
        tail = f", {_count(gone, 'replacement or deletion', 'replacements or deletions')} among them" if gone else ""
        text = f"{_count(len(at_once), 'change goes', 'changes go')} out at once, past the canary{tail}."
        yield Line(Weight.LOOK, text, "at-once")
    elif shifted:
        yield Line(Weight.GOOD, "All that callers can feel goes through the canary.", "at-once")
    if not changes.resources:
        yield Line(Weight.GOOD, "No resource of prod changes.", "changes")


def _of_tests(tests: JunitReport) -> Iterator[Line]:
    if tests.reason is not None:
        yield Line(Weight.UNKNOWN, f"{tests.name}: not known. {tests.reason}", "tests")
    elif tests.failures:
        yield Line(Weight.DANGER, f"{tests.name}: {tests.failures} of {tests.tests} failed.", "tests")
    else:
        skipped = f", {tests.skipped} skipped" if tests.skipped else ""
        yield Line(Weight.GOOD, f"{tests.name}: {tests.tests - tests.skipped} passed{skipped}.", "tests")


def _of_canary(canary: Canary) -> Iterator[Line]:
    for deployment in canary.deployments:
        problem = problem_of(deployment)
        if problem:
            yield Line(Weight.DANGER, f"Staging's canary of {deployment.stack}: {problem}", "canary")
    clean = [deployment for deployment in canary.deployments if not problem_of(deployment)]
    if clean:
        calls, errors = (sum(new_version(each, what) for each in clean) for what in ("invocations", "errors"))
        text = f"Staging's canaries of {_count(len(clean), 'function')} succeeded: {calls:g} calls of the new versions"
        weight = Weight.LOOK if errors else Weight.GOOD if calls else Weight.UNKNOWN
        yield Line(weight, f"{text}, {errors:g} failed.", "canary")
    for deployment in canary.deployments:
        if unwatched := unwatched_by(deployment):
            yield Line(Weight.LOOK, f"Staging's canary of {deployment.stack} {unwatched}", "canary")
    # As where what both versions use is replaced under the old one.
    if old_errors := _old_errors(canary):
        yield Line(Weight.LOOK, f"Meanwhile {old_errors:g} calls of the old versions failed in staging.", "canary")
    if canary.without:
        text = f"{_count(len(canary.without), 'function has', 'functions have')} no canary in staging to show."
        yield Line(Weight.UNKNOWN, text, "canary")
    if canary.odds_reason:
        yield Line(Weight.UNKNOWN, f"How much the canaries see is not known. {canary.odds_reason}", "canary")


def _old_errors(canary: Canary) -> float:
    old = [traffic for each in canary.deployments for traffic in each.traffic if traffic.version != each.to_version]
    return sum(value for traffic in old for value in traffic.errors if value is not None)


def problem_of(deployment: Deployment) -> str | None:
    """A sentence, when the shift was not a clean success."""
    if deployment.status != "Succeeded":
        return f"{deployment.status}. {deployment.problem or ''}".strip()
    rang = [alarm.name for alarm in deployment.alarms if alarm.went_off]
    return f"{', '.join(rang)} went off." if rang else None


def unwatched_by(deployment: Deployment) -> str | None:
    """The end of a sentence, when alarms that should have watched the shift are not known to have."""
    if not deployment.alarms:
        return "was watched by no alarm."
    gone = [alarm.name for alarm in deployment.alarms if alarm.state == GONE]
    return f"has alarms that are gone by now, {', '.join(gone)}: nobody knows whether they went off." if gone else None


def new_version(deployment: Deployment, what: str) -> float:
    """The sum of what the version that was shifted to did: "invocations" or "errors"."""
    for traffic in deployment.traffic:
        if traffic.version == deployment.to_version:
            values: Iterable[float | None] = getattr(traffic, what)
            return sum(value for value in values if value is not None)
    return 0


def _of_history(in_prod: InProd, rollback: Rollback, *, was_released: bool) -> Iterator[Line]:
    if was_released and in_prod.execution_id is None:
        yield Line(Weight.LOOK, in_prod.reason, "what")
    if rollback.execution_id is None:
        yield Line(Weight.LOOK, f"There is nothing to roll back to. {rollback.reason}", "rollback")
    else:
        text = f"If it fails, commit {(rollback.commit_id or '')[:7]} is put back by itself."
        yield Line(Weight.GOOD, text, "rollback")


def _of_packages(packages: Packages) -> Iterator[Line]:
    count = len(packages.added) + len(packages.removed) + len(packages.changed)
    if packages.reason is not None:
        yield Line(Weight.UNKNOWN, f"What changes in packages is not known. {packages.reason}", "packages")
    elif count:
        yield Line(
            Weight.LOOK, f"{_count(count, 'package that functions ship changes', 'packages change')}.", "packages"
        )
    else:
        yield Line(Weight.GOOD, "The packages that functions ship are the same.", "packages")


def _of_vulnerabilities(vulnerabilities: Vulnerabilities) -> Iterator[Line]:
    if not vulnerabilities.checked:
        yield Line(Weight.UNKNOWN, f"Known vulnerabilities: not checked. {vulnerabilities.reason}", "vulnerabilities")
        return
    grave = [one for one in vulnerabilities.found if one.is_grave]
    if grave:
        known = _known_in_prod(grave)
        named = "; ".join(described(one) for one in grave[:2]) + ("; and more" if len(grave) > 2 else "")
        count = _count(len(grave), "grave known vulnerability", "grave known vulnerabilities")
        yield Line(Weight.LOOK, f"{count}{known}: {named}.", "vulnerabilities")
    elif vulnerabilities.checked_packages:
        many = _count(len(vulnerabilities.found), "vulnerability that is not grave is", "that are not grave are")
        packages = _count(vulnerabilities.checked_packages, "package")
        text = f"{many if vulnerabilities.found else 'No vulnerability is'} known of {packages}"
        text += f" that {vulnerabilities.by} has checked."
        yield Line(Weight.GOOD, text, "vulnerabilities")
    if unknown := vulnerabilities.unknown_packages:
        named = ", ".join(unknown[:_NAMED]) + (f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else "")
        text = f"Known vulnerabilities: not checked of {named}. {vulnerabilities.by} has no rules for them."
        yield Line(Weight.UNKNOWN, text, "vulnerabilities")


def _known_in_prod(grave: list[Vulnerability]) -> str:
    """How the sentence goes on; "" where what prod has is not known."""
    new = sum(one.is_in_prod is False for one in grave)
    if any(one.is_in_prod is None for one in grave):
        return ""
    if new == len(grave):
        return ", new to prod"
    return f", {new} of them new to prod" if new else ", in prod already"


def described(one: Vulnerability) -> str:
    """`CVE-2026-1 (critical) in six 1.0, fixed in 1.1`."""
    fixed = f"fixed in {one.fixed_version}" if one.fixed_version else "no fixed version is known"
    told = (one.severity.value, "exploited" if one.is_exploited else "", "malicious" if one.is_malicious else "")
    return f"{one.vulnerability_id} ({', '.join(filter(None, told))}) in {one.package} {one.version}, {fixed}"


def _of_cost(cost: Cost) -> Iterator[Line]:
    if cost.before is None or cost.after is None:
        yield Line(Weight.UNKNOWN, f"What it costs is not known. {cost.reason}", "cost")
    elif cost.after > cost.before:
        text = f"Prod costs ${cost.after - cost.before:.2f} more a month, used or not: ${cost.after:.2f}."
        yield Line(Weight.LOOK, text, "cost")
    else:
        yield Line(
            Weight.GOOD, f"Prod costs ${cost.after:.2f} a month, used or not; before ${cost.before:.2f}.", "cost"
        )


def is_losing(change: ResourceChange) -> bool:
    return change.holds_data and change.impact in LOSES


def name_of(change: ResourceChange) -> str:
    return f"{change.stack}/{change.path}"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _gets(access: Access) -> str:
    if access.kind == "exposure":
        return f"{access.on}: {access.what}"
    return f"{access.who or access.details or 'an expression'} gets {access.what or 'what it says'}"

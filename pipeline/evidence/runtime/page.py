"""The release evidence as one HTML page, made of the data alone: no script, nothing that is loaded from elsewhere.

Its first screen answers "may I?". Everything that comes from a commit is escaped. It must not find out anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import TypeVar

from pipeline.evidence.runtime.canary_section import canary_section
from pipeline.evidence.runtime.model import (
    Access,
    Baseline,
    Impact,
    PropertyChange,
    ReleaseEvidence,
    ResourceChange,
    Route,
    Weight,
)
from pipeline.evidence.runtime.package_model import Vulnerability
from pipeline.evidence.runtime.verdict import answer, described, is_losing, name_of

Item = TypeVar("Item")
_STYLE = Path(__file__).with_name("page.css")
_OPEN = 12
"""A list that is longer is folded, so that a release of a hundred resources stays readable."""

_WORDS = {Weight.DANGER: "Danger", Weight.LOOK: "Look", Weight.UNKNOWN: "Unknown", Weight.GOOD: "Good"}
_IMPACTS = {
    Impact.REPLACE: "replaced",
    Impact.MAY_REPLACE: "may be replaced",
    Impact.DELETE: "deleted",
    Impact.ORPHAN: "left without a stack",
    Impact.CREATE: "new",
    Impact.UPDATE: "changed",
}


def page(evidence: ReleaseEvidence) -> str:
    title = f"May commit {evidence.commit.commit_id[:7]} go to {evidence.stage}?"
    sections = (_verdict, _what, _changes, _access, _tests, canary_section, _packages, _vulnerabilities, _rest)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE.read_text()}</style></head><body>"
        f"<h1>{escape(title)}</h1>{''.join(section(evidence) for section in sections)}</body></html>\n"
    )


def _verdict(evidence: ReleaseEvidence) -> str:
    weight, sentence = answer(evidence.verdict)
    commit = evidence.commit
    author = f" by {escape(commit.author)}" if commit.author else ""
    lines = "".join(
        f'<li class="{line.weight}"><b>{_WORDS[line.weight]}</b>'
        f'<a href="#{escape(line.anchor)}">{escape(line.text)}</a></li>'
        for line in evidence.verdict
    )
    return (
        f'<p class="dim">{escape(commit.title)}{author}</p>'
        f'<p class="answer {weight}">{escape(sentence)}</p><ul class="verdict">{lines}</ul>'
    )


def _what(evidence: ReleaseEvidence) -> str:
    running, commit = evidence.in_prod, evidence.commit
    in_prod = f"<code>{escape((running.commit_id or 'not known')[:12])}</code> {escape(running.reason)}"
    compare = f'<p><a href="{escape(running.compare_url)}">All commits since</a></p>' if running.compare_url else ""
    pushes = _list(
        evidence.pushes,
        lambda push: (
            f"<code>{escape(push.commit_id[:7])}</code> {escape(push.title)}"
            f"<br><small>{escape(push.started_at)}, {escape(push.status)}, {escape(push.execution_id)}</small>"
        ),
    )
    facts = _facts(
        ("Commit", f'<a href="{escape(commit.url)}"><code>{escape(commit.commit_id[:12])}</code></a>'),
        ("Execution", f"<code>{escape(evidence.execution_id)}</code> of {escape(evidence.pipeline)}"),
        ("Prod runs", in_prod),
        ("Digest", f"<code>{escape(evidence.digest)}</code>"),
        ("Made", escape(evidence.made_at)),
    )
    told = "<h3>Pushed since what prod runs</h3><small>A push may hold several commits.</small>"
    return f'<h2 id="what">What</h2>{facts}{told}{pushes}{compare}'


def _changes(evidence: ReleaseEvidence) -> str:
    changes = evidence.changes
    losing = [change for change in changes.resources if is_losing(change)]
    other = [change for change in changes.resources if not is_losing(change)]
    if changes.baseline is not Baseline.DEPLOYED:
        return f'<h2 id="changes">What changes in prod</h2><p>{escape(changes.reason)}</p>{_by_stack(other)}'
    routes = {
        Route.AT_ONCE: ("at-once", "At once, past the canary"),
        Route.CANARY: ("shifted", "Through the canary"),
        Route.WATCHES: ("watches", "Alarms and dashboards"),
    }
    told = "".join(
        f'<h3 id="{anchor}">{title}: {len(those)}</h3>{_by_stack(those)}'
        for route, (anchor, title) in routes.items()
        for those in [[change for change in other if change.route is route]]
    )
    stacks = _facts(
        ("New stacks", escape(", ".join(changes.new_stacks) or "none")),
        ("Not changed", escape(", ".join(changes.unchanged_stacks) or "none")),
        ("No longer in the app", escape(", ".join(changes.gone_stacks) or "none")),
        ("Unchanged resources", str(changes.unchanged_resources)),
    )
    return (
        '<h2 id="changes">What changes in prod</h2>'
        f'<h3 id="data">Replaced or deleted, and holds data: {len(losing)}</h3>'
        f"{_list(losing, _change)}{told}{stacks}"
    )


def _by_stack(changes: list[ResourceChange]) -> str:
    stacks = sorted({change.stack for change in changes})
    if len(changes) <= _OPEN:
        return _list(changes, _change)
    return "".join(
        f"<details><summary>{escape(stack)}: {len(those)}</summary>{_rows(those, _change)}</details>"
        for stack in stacks
        for those in [[change for change in changes if change.stack == stack]]
    )


def _change(change: ResourceChange) -> str:
    # Each release parts with an old version and its alarms: nobody is to be used to red.
    is_grave = change.route is Route.AT_ONCE and change.impact not in (Impact.CREATE, Impact.UPDATE)
    tone = " danger" if is_grave else ""
    details = "".join(_property(each) for each in change.properties)
    names = escape(", ".join(each.name for each in change.properties))
    more = f"<details><summary>{names}</summary>{details}</details>" if details else ""
    return (
        f'<span class="tag{tone}">{_IMPACTS[change.impact]}</span> {escape(name_of(change))} '
        f"<small>{escape(change.type)}</small>{more}"
    )


def _property(change: PropertyChange) -> str:
    replaces = " (replaces)" if change.replaces else ""
    before = f"<del>- {escape(change.before)}</del>" if change.before is not None else ""
    after = f"<ins>+ {escape(change.after)}</ins>" if change.after is not None else ""
    return f"<p>{escape(change.name)}{replaces}<code>{before}{after}</code></p>"


def _access(evidence: ReleaseEvidence) -> str:
    widens, narrows = evidence.changes.widens, evidence.changes.narrows
    return (
        f'<h2 id="access">Permissions and network</h2><h3>Widens: {len(widens)}</h3>{_list(widens, _gained)}'
        f"<h3>Narrows: {len(narrows)}</h3>{_list(narrows, _lost)}"
    )


def _gained(access: Access) -> str:
    return _permission(access, denial="no longer denied")


def _lost(access: Access) -> str:
    return _permission(access, denial="denied from now on")


def _permission(access: Access, *, denial: str) -> str:
    on = f" on <code>{escape(access.on)}</code>" if access.on else ""
    condition = f"<br><small>when {escape(access.details)}</small>" if access.details else ""
    denied = f"{denial}: " if access.effect == "Deny" else ""
    return (
        f"{denied}<code>{escape(access.who)}</code> <b>{escape(access.what)}</b>{on} "
        f"<small>{escape(access.stack)}</small>{condition}"
    )


def _tests(evidence: ReleaseEvidence) -> str:
    told = _facts(
        *(
            (
                tests.name,
                escape(tests.reason)
                if tests.reason
                else f"{tests.tests} run, {tests.failures} failed, {tests.skipped} skipped, {tests.seconds:g} s"
                + "".join(f"<br><code>{escape(name)}</code>" for name in tests.failed),
            )
            for tests in evidence.tests
        )
    )
    return f'<h2 id="tests">Tests</h2>{told}'


def _packages(evidence: ReleaseEvidence) -> str:
    packages = evidence.packages
    difference = escape(packages.reason) if packages.reason else ""
    facts = _facts(
        *((name, escape(", ".join(those) or "none")) for name, those in (
            ("Added", packages.added), ("Removed", packages.removed), ("Changed", packages.changed)
        ))
    )  # fmt: skip
    shipped = "".join(
        f"<li>{escape(each.name)} {escape(each.version)} <small>{escape(each.license or '')}</small></li>"
        for each in packages.shipped
    )
    return (
        f'<h2 id="packages">What the functions ship</h2><p>{difference}</p>{"" if difference else facts}'
        f"<details><summary>{len(packages.shipped)} packages (CycloneDX: bom.json beside this page)</summary>"
        f'<ul class="columns">{shipped}</ul></details>'
    )


def _vulnerabilities(evidence: ReleaseEvidence) -> str:
    told = evidence.vulnerabilities
    head = '<h3 id="vulnerabilities">Known vulnerabilities</h3>'
    if not told.checked:
        return f"{head}<p>Not checked. {escape(told.reason)}</p>"
    facts = _facts(
        ("Checked", escape(f"{told.checked_packages} packages, by {told.by}, {told.checked_at}")),
        ("Not checked", escape(", ".join(told.unknown_packages) or "none")),
    )
    return f"{head}{facts}<p>{escape(told.reason)}</p>{_list(told.found, _vulnerability)}"


def _vulnerability(one: Vulnerability) -> str:
    tone = " danger" if one.is_grave else ""
    where = {None: "", True: "prod has it, too", False: "new to prod"}[one.is_in_prod]
    source = f'<a href="{escape(one.url)}">more</a>' if one.url and one.url.startswith("https://") else ""
    tag = f'<span class="tag{tone}">{escape(one.severity)}</span>'
    return f"{tag} {escape(described(one))} <small>{where}</small> {source}"


def _rest(evidence: ReleaseEvidence) -> str:
    rollback, cost = evidence.rollback, evidence.cost
    target = f"<code>{escape((rollback.commit_id or '')[:12])}</code> " if rollback.commit_id else ""
    dollars = " and ".join(
        f"{when} ${value:.2f}" if value is not None else f"{when} not known"
        for when, value in (("before", cost.before), ("after", cost.after))
    )
    return (
        f'<h2 id="rollback">If it fails</h2><p>{target}{escape(rollback.reason)}</p>'
        f'<h2 id="cost">What it costs</h2><p>A month, used or not, at list prices: {dollars}. '
        f"{escape(cost.reason or '')}</p>"
    )


def _facts(*facts: tuple[str, str]) -> str:
    """`facts` are a name and HTML."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{html}</dd>' for name, html in facts)}</dl>" if facts else ""


def _list(items: Iterable[Item], told: Callable[[Item], str]) -> str:
    items = list(items)
    if not items:
        return "<p>None.</p>"
    if len(items) <= _OPEN:
        return _rows(items, told)
    return f"<details><summary>All {len(items)}</summary>{_rows(items, told)}</details>"


def _rows(items: Iterable[Item], told: Callable[[Item], str]) -> str:
    return f'<ul class="rows">{"".join(f"<li>{told(item)}</li>" for item in items)}</ul>'

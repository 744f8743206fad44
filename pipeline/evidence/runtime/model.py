"""The release evidence as data: what the release manager's page is drawn from, and other programs read.

Dates are ISO 8601 in UTC. What could not be found out is null with a reason beside it, and never left out. It must not
know where anything comes from. docs/evidence/release-evidence.schema.json is made of it (`make schema`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pipeline.evidence.runtime.package_model import Packages, Vulnerabilities

SCHEMA = 1


class Weight(StrEnum):
    """How much a line matters for the answer, the most first."""

    DANGER = "danger"
    LOOK = "look"
    UNKNOWN = "unknown"
    GOOD = "good"


class Impact(StrEnum):
    """What CloudFormation does to a resource; `Orphan` leaves it in the account, without a stack."""

    REPLACE = "Replace"
    MAY_REPLACE = "MayReplace"
    DELETE = "Delete"
    ORPHAN = "Orphan"
    CREATE = "Create"
    UPDATE = "Update"


class Route(StrEnum):
    """How a change reaches prod: behind a traffic shift, at once, or not at all (alarms and dashboards only watch)."""

    AT_ONCE = "AtOnce"
    CANARY = "Canary"
    WATCHES = "Watches"


class Baseline(StrEnum):
    """What the changes were compared with; `Unknown`: prod runs something that could not be read."""

    DEPLOYED = "Deployed"
    NOTHING = "Nothing"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Line:
    """One line of the verdict. `anchor` names the section of the page that has more."""

    weight: Weight
    text: str
    anchor: str


@dataclass(frozen=True)
class Commit:
    """`title` is the first line of its message, `author` null where the source does not tell."""

    commit_id: str
    title: str
    author: str | None
    url: str


@dataclass(frozen=True)
class Push:
    """An execution that brought a commit: several commits that were pushed at once are one."""

    commit_id: str
    title: str
    execution_id: str
    started_at: str
    status: str


@dataclass(frozen=True)
class InProd:
    """What prod runs. `execution_id` and `commit_id` are null when nothing was released, or it is not known."""

    execution_id: str | None
    commit_id: str | None
    reason: str
    compare_url: str | None


@dataclass(frozen=True)
class PropertyChange:
    """`before` and `after` are JSON, shortened; null where there was, or is, none."""

    name: str
    before: str | None
    after: str | None
    replaces: bool


@dataclass(frozen=True)
class ResourceChange:
    """`path` is the construct's in its stack, or the logical id."""

    stack: str
    logical_id: str
    path: str
    type: str
    impact: Impact
    route: Route
    holds_data: bool
    properties: tuple[PropertyChange, ...]


@dataclass(frozen=True)
class Access:
    """A permission or an open port that prod gets or loses; `details` is a condition, or nothing.

    `kind` "intrinsic" is a statement that only the deployment knows, "exposure" a guard that goes (exposure.py).
    """

    stack: str
    kind: Literal["permission", "managed-policy", "network", "intrinsic", "exposure"]
    effect: str
    who: str
    what: str
    on: str
    details: str


@dataclass(frozen=True)
class Changes:
    """`gone_stacks` were released last and are no longer in the app: CloudFormation keeps them.

    `troubles` are stacks of prod in which a deployment may fail, with their status.
    """

    baseline: Baseline
    reason: str
    resources: tuple[ResourceChange, ...]
    unchanged_resources: int
    new_stacks: tuple[str, ...]
    unchanged_stacks: tuple[str, ...]
    gone_stacks: tuple[str, ...]
    widens: tuple[Access, ...]
    narrows: tuple[Access, ...]
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class JunitReport:
    """A JUnit report. The numbers are 0 and `reason` says why where there is none; `failures` has errors, too."""

    name: str
    reason: str | None
    tests: int
    failures: int
    skipped: int
    seconds: float
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Traffic:
    """Of one version, by the minute: numbers as CloudWatch has them, null where it has none."""

    version: str
    invocations: tuple[float | None, ...]
    errors: tuple[float | None, ...]


GONE = "missing"
"""The state of an alarm that CloudWatch does not know any more."""


@dataclass(frozen=True)
class Alarm:
    """`state` is CloudWatch's, or GONE; `went_off` whether it was in ALARM during the shift."""

    name: str
    state: str
    went_off: bool | None


@dataclass(frozen=True)
class Deployment:
    """The traffic shift in staging to the version that this release brings there. `minutes` are those of `traffic`."""

    stack: str
    function: str
    deployment_id: str
    status: str
    from_version: str
    to_version: str
    started_at: str | None
    ended_at: str | None
    problem: str | None
    minutes: tuple[str, ...]
    traffic: tuple[Traffic, ...]
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True)
class Odds:
    """What the canary of one stack is worth at the calls that are promised, of releases that were drawn by chance.

    Of releases of which `healthy_background_percent` of the calls fail in both versions, `healthy_stopped_percent` are
    stopped. Of those of which `smallest_seen_percent` more fail, `seen_percent` are; null where that is so of none.
    Where `alarm_excess_percent` more fail, an alarm rings after `alarm_minutes` on average; null where none does.
    """

    stack: str
    calls_per_minute: float
    shift_minutes: int
    healthy_background_percent: float
    healthy_stopped_percent: float
    seen_percent: float
    smallest_seen_percent: float | None
    alarm_excess_percent: float
    alarm_minutes: float | None


@dataclass(frozen=True)
class Canary:
    """`without` are functions that prod gets a new version of, with the reason why staging shows no shift to it.

    `odds` are of the stacks of these functions, in staging and in prod; `odds_reason` says why some are not known.
    """

    deployments: tuple[Deployment, ...]
    without: dict[str, str]
    odds: tuple[Odds, ...] = ()
    odds_reason: str = ""


@dataclass(frozen=True)
class Rollback:
    """What CodePipeline would put back if Prod fails; null with the reason where it would nothing."""

    execution_id: str | None
    commit_id: str | None
    reason: str


@dataclass(frozen=True)
class Cost:
    """US dollars a month at list prices, used or not; null with the reason where not known."""

    before: float | None
    after: float | None
    reason: str | None


@dataclass(frozen=True)
class ReleaseEvidence:
    """`digest` is the SHA-256 over all that Prod would deploy: templates and assets (docs/evidence.md)."""

    schema: Literal[1]
    pipeline: str
    execution_id: str
    made_at: str
    stage: str
    digest: str
    verdict: tuple[Line, ...]
    commit: Commit
    in_prod: InProd
    pushes: tuple[Push, ...]
    stacks: tuple[str, ...]
    changes: Changes
    tests: tuple[JunitReport, ...]
    canary: Canary
    packages: Packages
    vulnerabilities: Vulnerabilities
    rollback: Rollback
    cost: Cost
